#!/bin/sh
set -eu
install -D -m 0644 /tmp/app.conf /etc/labweb/app.conf
apt-get -qq update
apt-get -qq install -y -o Dpkg::Options::=--force-confold "labweb=$LABWEB"
systemctl enable labweb.service
rm -rf /tmp/app.conf /var/lib/apt/lists/*
apt-get clean
