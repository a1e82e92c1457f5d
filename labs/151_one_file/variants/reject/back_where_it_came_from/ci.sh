#!/bin/sh
# CI calls this for each release: sh ci.sh 1.4.2
set -eu

[ -f ci.sh ] || cd "${OLDPWD:-.}"
packer build -var "release=$1" .
