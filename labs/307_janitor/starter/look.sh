#!/bin/sh
# Shows what is in the account, and what its tags Builder and ExpiresAt say. Long names are cut.
# Call it in `packerlab shell`.
set -eu

tags='Tags[?Key==`Builder`]|[0].Value,Tags[?Key==`ExpiresAt`]|[0].Value'
show() {
  aws ec2 "$@" --output text | sed 's/\(packer_[0-9a-f]\{8\}\)[0-9a-f-]*/\1/g'
}

echo "machines:"
show describe-instances --query "Reservations[].Instances[]
  .[State.Name,KeyName,SecurityGroups[0].GroupName,$tags]"
echo "key pairs:"
show describe-key-pairs --query "KeyPairs[].[KeyName,$tags]"
echo "security groups:"
show describe-security-groups --query "SecurityGroups[].[GroupName,$tags]"
echo "disks without a machine:"
show describe-volumes --filters Name=status,Values=available --query "Volumes[].[VolumeId,$tags]"
