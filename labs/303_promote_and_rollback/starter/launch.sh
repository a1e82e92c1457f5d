#!/bin/sh
# sh launch.sh CHANNEL
# TODO: this is web-102. Ask the channel.
aws ec2 run-instances --image-id ami-0000000000000000 --instance-type t3.micro
