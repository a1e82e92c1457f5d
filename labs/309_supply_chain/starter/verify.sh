#!/bin/sh
# verify.sh ARCHIVE PUBLIC_KEY: may this archive be deployed?
set -eu
cd "$(dirname "$1")"
sha256sum -c "$(basename "$1").sha256"
