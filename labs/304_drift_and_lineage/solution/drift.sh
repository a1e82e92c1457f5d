#!/bin/sh
# drift.sh REGION: write to out/drift.json what is stale in a region, and why.
set -eu
export AWS_DEFAULT_REGION="$1"
mkdir -p out

# Each answer goes to a file of its own: a pipe would hide a call that fails.
aws ec2 describe-images --owners self --filters Name=state,Values=available >out/images.json
aws ec2 describe-instances \
  --filters Name=instance-state-name,Values=pending,running,stopping,stopped >out/machines.json
aws ssm get-parameters-by-path --path /templates >out/templates.json

jq -s -f drift.jq out/images.json out/machines.json out/templates.json >out/new.json
mv out/new.json out/drift.json
