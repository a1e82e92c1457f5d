#!/bin/sh
set -eu
packer build -only='amazon-ebs.base' .
