#!/bin/sh
# Installs what packages.txt lists. It says nothing to Packer: all that happens goes to a log on the
# machine, which it removes when it has succeeded.
# It belongs to the package team, and the checks bring other versions of it.
set -eu
exec >>/var/log/install.log 2>&1
set -x

auth=/etc/apt/auth.conf.d/team.conf
trap 'rm -f "$auth" /tmp/packages.txt' EXIT
echo "machine packages.example.com login ci password $REPO_TOKEN" >"$auth"

apt-get update
apt-get install -y $(cat /tmp/packages.txt)
rm -f /var/log/install.log
