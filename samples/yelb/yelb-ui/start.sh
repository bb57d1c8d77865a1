#!/bin/sh
# Makes bare names such as yelb-appserver resolve where only full ones are served, then becomes nginx.
if [ -n "${SEARCH_DOMAIN:-}" ]; then
    { echo "search $SEARCH_DOMAIN" >>/etc/resolv.conf; } 2>/dev/null ||
        echo "yelb-ui: /etc/resolv.conf cannot be written, going on without 'search $SEARCH_DOMAIN'"
fi

# nginx resolves the name once, when it starts, and does not start without an answer.
trap 'exit 0' TERM QUIT INT
until getent hosts yelb-appserver >/dev/null; do
    echo 'yelb-ui: the name yelb-appserver does not resolve yet, waiting for it'
    sleep 1
done

exec nginx -c /etc/yelb-ui/nginx.conf
