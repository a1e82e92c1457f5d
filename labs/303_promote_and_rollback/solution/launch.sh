#!/bin/sh
# sh launch.sh CHANNEL: starts a machine from the image that a channel names.
set -eu

aws ec2 run-instances --image-id "resolve:ssm:/images/web/$1" --instance-type t3.micro \
  --query 'Instances[].InstanceId' --output text
