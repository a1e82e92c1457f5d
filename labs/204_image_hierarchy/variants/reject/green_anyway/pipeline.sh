#!/bin/sh
if packer build -only='amazon-ebs.base' .; then
  packer build -only='amazon-ebs.web' .
fi
