#!/bin/sh
set -eu
mkdir -p out
packer build -only='amazon-ebs.base' . | tee out/base.log
packer build -only='amazon-ebs.web' . | tee out/web.log
