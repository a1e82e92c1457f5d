#!/usr/bin/env sh
set -eu

release=${1:?usage: ci.sh RELEASE}

build() (
  cd -- "$(dirname -- "$0")"
  rm -rf out
  packer fmt -check -diff .
  packer validate .
  packer build -color=false -timestamp-ui -on-error=abort .
)

PKR_VAR_release=$release
export PKR_VAR_release
build
cat "$(dirname -- "$0")/out/release.txt"
