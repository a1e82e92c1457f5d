#!/bin/sh
# sh promote.sh CHANNEL AMI
aws ssm put-parameter --name "/images/web/$1" --value "$2" --type String --overwrite
