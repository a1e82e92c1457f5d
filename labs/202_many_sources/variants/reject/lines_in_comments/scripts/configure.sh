#!/bin/sh
# Writes what a machine of the kiosk is to know about itself.
set -eu

conf="# release=$RELEASE
# role=$ROLE
# threads=$THREADS"
echo "$conf" | sudo tee /etc/kiosk.conf
