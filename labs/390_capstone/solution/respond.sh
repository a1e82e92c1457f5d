#!/bin/sh
# sh respond.sh BASE: what to do when a base is bad. It builds nothing, and deletes no image.
set -eu
mkdir -p out
exec python3 respond.py "$1"
