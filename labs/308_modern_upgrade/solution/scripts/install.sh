#!/bin/sh
# Installs the web service from the company's archive. Belongs to the package team.
set -eu
: "${REPO_AUTH:?is empty}"
LOG=/var/log/install.log

set -x
printf 'machine archive.example.com password %s\n' "$REPO_AUTH" >/etc/apt/auth.conf.d/web.conf
apt-get update >>"$LOG" 2>&1
apt-get install -y labweb >>"$LOG" 2>&1
rm /etc/apt/auth.conf.d/web.conf

# Which token it was, for the day on which it has to be revoked.
auth=$(printf %s "$REPO_AUTH" | sha256sum | cut -c 1-16)
echo "auth=$auth" >/etc/image.conf
