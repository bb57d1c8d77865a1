#!/bin/sh
# Makes bare names such as yelb-db resolve where only full ones are served, then becomes the app server.
if [ -n "${SEARCH_DOMAIN:-}" ]; then
    { echo "search $SEARCH_DOMAIN" >>/etc/resolv.conf; } 2>/dev/null ||
        echo "yelb-appserver: /etc/resolv.conf cannot be written, going on without 'search $SEARCH_DOMAIN'"
fi

exec ruby /app/yelb-appserver.rb
