#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

cd "$(dirname "$0")"
mkdir -p out
printf 'release=%s\nregion=%s\nchannel=%s\n' "$1" eu-central-1 prod-stable >out/release.txt
