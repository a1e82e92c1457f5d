#!/bin/sh
# sh promote.sh CHANNEL AMI: points a channel at a tested image of web.
set -eu

channel=$1
ami=$2

named() {
  aws ssm get-parameter --name "/images/web/$1" --query Parameter.Value --output text
}

now=$(named "$channel") # fails where there is no such channel
if [ "$channel" = prod ] && [ "$(named canary)" != "$ami" ]; then
  echo "promote: canary does not have $ami" >&2
  exit 1
fi

tested=$(
  aws ec2 describe-images --owners self --image-ids "$ami" \
    --filters Name=tag:Service,Values=web Name=tag:Tested,Values=true Name=state,Values=available \
    --query 'length(Images)' --output text
)
if [ "$tested" != 1 ]; then
  echo "promote: $ami is not a tested image of web" >&2
  exit 1
fi

aws ssm put-parameter --name "/images/web/$channel" --value "$ami" --overwrite > /dev/null
echo "promote: $channel had $now, and has $ami"
