#!/bin/sh
set -eu
cloud-init status --wait
apt-get -q update
apt-get -q install --yes labweb=1.1
systemctl enable labweb
