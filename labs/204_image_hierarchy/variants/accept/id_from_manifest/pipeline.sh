#!/bin/sh
set -eu
mkdir -p out
packer build -only=amazon-ebs.base .
run=$(sed -n 's/.*"last_run_uuid": "\([^"]*\)".*/\1/p' out/base.json)
ami=$(awk -v run="$run" -F'"' '
  /"artifact_id"/ { id = $4 }
  /"packer_run_uuid"/ && $4 == run { sub(/.*:/, "", id); print id }
' out/base.json)
test -n "$ami"
packer build -only=amazon-ebs.web -var "base_ami=$ami" .
