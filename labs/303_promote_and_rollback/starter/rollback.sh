#!/bin/sh
# sh rollback.sh CHANNEL
place=/images/web/$1
before=$(
  aws ssm get-parameter-history --name "$place" --query 'Parameters[-2].Value' --output text
)
aws ssm put-parameter --name "$place" --value "$before" --type String --overwrite
