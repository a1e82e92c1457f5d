#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
packer build -var-file="$here/prod.auto.pkrvars.hcl" -var "release=$1" "$here"
