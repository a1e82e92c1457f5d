#!/bin/sh
packer build -only='amazon-ebs.base' .
packer build -only='amazon-ebs.web' .
