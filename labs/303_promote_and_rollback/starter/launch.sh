#!/bin/sh
# sh launch.sh CHANNEL
# This is web-101.
aws ec2 run-instances --image-id ami-0caea44e22c4ccd6c --instance-type t3.micro
