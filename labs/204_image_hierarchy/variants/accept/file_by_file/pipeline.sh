#!/bin/sh
cd "$(dirname "$0")" &&
  packer build base.pkr.hcl &&
  packer build app.pkr.hcl
