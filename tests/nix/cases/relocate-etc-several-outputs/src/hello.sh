#!/bin/sh
cat /etc/hello/hello.conf
