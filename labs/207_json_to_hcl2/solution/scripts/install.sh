#!/bin/sh
# Installs the web service from the company's archive, which asks for a token.
set -eu
: "${REPO_TOKEN:?is empty}"

auth=/etc/apt/auth.conf.d/web.conf
echo "machine archive.example.com login image password $REPO_TOKEN" >"$auth"
apt-get update
apt-get install -y labweb
rm "$auth"

# Which token it was, for the day on which it has to be revoked.
digest=$(printf %s "$REPO_TOKEN" | sha256sum | cut -c 1-16)
echo "token=$digest" >/etc/image.conf
