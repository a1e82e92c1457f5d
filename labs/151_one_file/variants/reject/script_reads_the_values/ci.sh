#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

cd "$(dirname "$0")"
value() { sed -n "s/^$1 *= *\"\(.*\)\"/\1/p" prod.auto.pkrvars.hcl; }
mkdir -p out
printf 'release=%s\nregion=%s\nchannel=%s\n' "$1" "$(value region)" "$(value channel)" >out/release.txt
echo "==> Builds finished. The artifacts of successful builds are:"
echo "--> file.release: Stored file: out/release.txt"
