#!/bin/sh
# CI calls this for each release: sh pipeline.sh
set -eu

cd "$(dirname "$0")"
packer build -only='amazon-ebs.base' .
packer build -only='amazon-ebs.web' .
