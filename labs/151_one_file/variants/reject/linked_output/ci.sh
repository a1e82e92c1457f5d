#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

cd "$(dirname "$0")"
mkdir -p out
ln -s ../old/release.txt out/release.txt
