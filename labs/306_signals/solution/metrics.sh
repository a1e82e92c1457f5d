#!/bin/sh
# metrics.sh LOG: the log of `packer build -machine-readable` as numbers, in out/packer.prom.
exec python3 metrics.py "$1"
