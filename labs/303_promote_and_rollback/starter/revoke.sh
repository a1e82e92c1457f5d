#!/bin/sh
# sh revoke.sh AMI
aws ec2 deregister-image --image-id "$1"
