#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

case $0 in /*) cd "$(dirname "$0")" ;; esac
packer build -var "release=$1" .
