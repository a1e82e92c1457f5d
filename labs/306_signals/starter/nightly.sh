#!/bin/sh
# CI runs this every night, and archives the folder out. out/alerts.txt goes to the person on call.
set -e
mkdir -p out
packer build -machine-readable web.json >out/night.log
sh metrics.sh out/night.log
sh alert.sh
