#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

cd "$(dirname "$0")"
export PKR_VAR_region=eu-central-1 PKR_VAR_channel=prod-stable
packer build -var "release=$1" .
