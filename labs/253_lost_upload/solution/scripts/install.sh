#!/bin/sh
# Puts everything in its place. It is run as root.
set -eu

mkdir -p /srv/labsite /etc/labsite/conf.d
cp -r /tmp/www/. /srv/labsite
cp -r /tmp/conf.d/. /etc/labsite/conf.d
rm -r /tmp/www /tmp/conf.d
echo "$RELEASE" >/etc/labsite/release
