#!/bin/sh
# retention.sh [--dry-run] REGION...: the script that deleted what production starts.
# It removes each image of web that is older than 90 days.
limit=$(date -u -d '-90 days' +%Y-%m-%d)

for region in "$@"; do
  aws ec2 describe-images --region "$region" --owners self --filters 'Name=name,Values=web-*' \
    --query "Images[?CreationDate<'$limit'].[ImageId]" --output text |
    while read -r image; do
      aws ec2 deregister-image --region "$region" --image-id "$image"
    done
done
