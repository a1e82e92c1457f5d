#!/bin/bash
# Installs labweb, and puts its configuration in place.
set -euo pipefail

upload=/tmp/app.conf
trap 'rm -f "$upload"' EXIT

apt-get update
apt-get install --yes "labweb=${LABWEB_VERSION}"
sed "s/GREETING/${GREETING}/" "$upload" |
    install -D -o root -g labweb -m 640 /dev/stdin /etc/labweb/app.conf
systemctl enable labweb
