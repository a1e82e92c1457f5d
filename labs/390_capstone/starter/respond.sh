#!/bin/sh
# sh respond.sh BASE: what to do when a base is bad.
# From the wiki. Nobody has ever run it.
set -eu

# First of all, have a good base again.
packer build -color=false -only='amazon-ebs.base' .

# Then the bad one can go.
aws ec2 deregister-image --image-id "$1" --delete-associated-snapshots
for ami in $(
  aws ec2 describe-images --owners self --filters "Name=tag:BaseAMI,Values=$1" \
    --query 'Images[].ImageId' --output text
); do
  aws ec2 deregister-image --image-id "$ami" --delete-associated-snapshots
done
