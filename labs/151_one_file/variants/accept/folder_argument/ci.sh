#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

packer build -var "release=$1" "$(dirname "$0")"
