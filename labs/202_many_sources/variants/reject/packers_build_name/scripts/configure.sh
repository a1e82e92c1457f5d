#!/bin/sh
# Writes what a machine of the kiosk is to know about itself.
set -eu

conf="release=$RELEASE
role=$PACKER_BUILD_NAME
threads=$THREADS"
echo "$conf" | sudo tee /etc/kiosk.conf
