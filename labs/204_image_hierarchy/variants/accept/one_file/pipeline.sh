#!/bin/sh
set -e
for stage in base app; do
  packer validate -only="$stage.*" .
  packer build -only="$stage.*" . || exit $?
done
