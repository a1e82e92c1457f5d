#!/bin/sh
# ci.sh TARGET: build TARGET, and leave the id of the AMI that this build made in out/ami.txt.
set -eu
mkdir -p out
rm -f manifest.json out/ami.txt

packer build -color=false -only="$1" .
sed -n 's/.*"artifact_id": "[a-z0-9-]*:\(ami-[0-9a-f]*\)".*/\1/p' manifest.json >out/new.txt
if [ "$(wc -l <out/new.txt)" -ne 1 ]; then
  echo "$1: this build made no AMI" >&2
  exit 1
fi
mv out/new.txt out/ami.txt
