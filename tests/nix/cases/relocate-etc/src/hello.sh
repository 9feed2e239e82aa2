#!/bin/sh
# Reads /etc/hello/hello.conf.
. /etc/default/hello
while read -r line; do
    echo "$line, $WHOM: see /etc/hello"
done </etc/hello/hello.conf
