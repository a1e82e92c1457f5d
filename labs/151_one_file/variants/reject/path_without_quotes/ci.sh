#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

cd $(dirname $0)
packer build -var "release=$1" .
