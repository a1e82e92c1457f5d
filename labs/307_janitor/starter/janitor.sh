#!/bin/sh
# sh janitor.sh: removes what builds have left.
set -eu

for pair in $(aws ec2 describe-key-pairs --filters 'Name=key-name,Values=packer_*' \
  --query 'KeyPairs[].KeyName' --output text); do
  aws ec2 delete-key-pair --key-name "$pair" >/dev/null
done
for group in $(aws ec2 describe-security-groups --filters 'Name=group-name,Values=packer_*' \
  --query 'SecurityGroups[].GroupId' --output text); do
  aws ec2 delete-security-group --group-id "$group" >/dev/null || true
done
