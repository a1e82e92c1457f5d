#!/bin/sh
set -eu
packer build -on-error=abort -only='amazon-ebs.base' .
packer build -on-error=abort -only='amazon-ebs.web' .
