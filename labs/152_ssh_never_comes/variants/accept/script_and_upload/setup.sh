#!/bin/sh -eu
apt-get update
apt-get install -y labweb
systemctl enable labweb
install -m 0644 /tmp/labweb.env /etc/labweb/labweb.env
printf "release=%s\n" "$RELEASE" >/etc/labweb/release
