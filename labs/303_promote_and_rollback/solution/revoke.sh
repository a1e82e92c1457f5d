#!/bin/sh
# sh revoke.sh AMI: nobody can launch it any more, and every channel of web goes back to the one before.
set -eu

ami=$1
cd "$(dirname "$0")"
channels=$(
  aws ssm get-parameters-by-path --path /images/web \
    --query "Parameters[?Value=='$ami'].Name" --output text
)
for place in $channels; do
  sh rollback.sh "${place##*/}"
done
aws ec2 disable-image --image-id "$ami" > /dev/null
echo "revoke: $ami is disabled"
