#!/bin/sh
# Installs labweb, which starts with the machine and answers with $GREETING. Runs as root.
set -eu

cloud-init status --wait
apt-get update
apt-get install -y labweb
printf 'port = 8080\naddress = 0.0.0.0\ngreeting = %s\n' "$GREETING" >/etc/labweb/app.conf
systemctl enable labweb
