#!/bin/sh
# Puts everything in its place. It is run as root.

mkdir -p /srv/labsite /etc/labsite/conf.d
cp -a /tmp/www/* /srv/labsite
cp -a /tmp/conf.d/* /etc/labsite/conf.d
rm -r /tmp/www
echo "$RELEASE" >/etc/labsite/release
