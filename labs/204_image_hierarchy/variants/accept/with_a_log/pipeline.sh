#!/bin/sh
mkdir -p out

stage() {
  packer build -color=false -only="amazon-ebs.$1" . > "out/$1.log" 2>&1
  code=$?
  cat "out/$1.log"
  if [ "$code" -ne 0 ] || ! grep -q 'ami-[0-9a-f]*$' "out/$1.log"; then
    echo "pipeline: $1 failed" >&2
    exit 1
  fi
}

stage base
stage web
