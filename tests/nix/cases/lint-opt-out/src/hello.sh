#!/opt/vendor/bin/sh
echo hello
