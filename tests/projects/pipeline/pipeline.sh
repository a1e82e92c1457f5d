#!/bin/sh
# A base, both services on it, and the record of this run.
set -eu
rm -rf out
mkdir out
sh preflight.sh
PKR_VAR_run=$(date +%s%N)
export PKR_VAR_run
packer build -only='*.base' .
base=$(jq -r '.builds[-1].artifact_id | split(":")[1]' out/manifest.json)
packer build -except='*.base' -var "base=$base" .
jq '.builds | map({ role: .name, ami: (.artifact_id | split(":")[1]) })' \
  out/manifest.json > out/images.json
