#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

cd "$(dirname "$0")"
cp auto.pkrvars.hcl prod.auto.pkrvars.hcl
packer build -var "release=$1" .
