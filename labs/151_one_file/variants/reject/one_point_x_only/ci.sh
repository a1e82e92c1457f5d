#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

cd "$(dirname "$0")"
case $1 in 1.*) ;; *) exit 2 ;; esac
packer build -var "release=$1" .
