#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cp -R "$here/." "$scratch"
cd "$scratch"
packer build -var "release=$1" .
cp -R out "$here"
