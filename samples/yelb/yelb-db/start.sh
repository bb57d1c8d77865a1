#!/bin/sh
# Makes the database when there is none yet, then becomes PostgreSQL.
set -eu

bin=/usr/lib/postgresql/15/bin
home=/var/lib/yelb-db
data=$home/data

# The cluster is built aside and renamed when it is whole, so that a container killed half-way starts afresh.
if [ ! -d "$data" ]; then
    echo "yelb-db: making the database in $data"
    rm -rf "$home/new"
    "$bin/initdb" --pgdata="$home/new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --auth=trust --no-sync >/dev/null
    echo 'CREATE ROLE yelb LOGIN' | "$bin/postgres" --single -D "$home/new" postgres >/dev/null
    echo 'CREATE DATABASE yelbdatabase OWNER yelb' | "$bin/postgres" --single -D "$home/new" postgres >/dev/null
    "$bin/postgres" --single -j -D "$home/new" yelbdatabase </etc/yelb-db/schema.sql >/dev/null
    sync
    mv "$home/new" "$data"
fi

exec "$bin/postgres" -D "$data" \
    -c hba_file=/etc/yelb-db/pg_hba.conf \
    -c listen_addresses='*' \
    -c unix_socket_directories=/tmp \
    -c max_connections=200 \
    -c shared_buffers=32MB \
    -c jit=off
