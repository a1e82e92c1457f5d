#!/bin/sh
# What the role labweb does, as a script. Copied from it by hand last year.
set -eu
apt-get update
apt-get install -y labweb=1.0
printf 'port = 8080\ngreeting = %s\n' "$GREETING" >/etc/labweb/app.conf
systemctl enable labweb
echo 'This machine serves labweb.' >>/etc/motd
