#!/bin/sh
# sh rollback.sh CHANNEL: goes back to the image that the channel had before this one.
set -eu

place=/images/web/$1
history=$(
  aws ssm get-parameter-history --name "$place" --query 'Parameters[].Value' --output text |
    tr '\t' '\n'
)
now=$(printf '%s\n' "$history" | tail -n 1)

# What came before today's image came for the first time, newest first. What a rollback has left
# came after it.
earlier=$(printf '%s\n' "$history" | sed "/^$now\$/,\$d" | tac)

# As a filter, ids that are gone are no error.
usable=$(
  aws ec2 describe-images --owners self \
    --filters "Name=image-id,Values=$(echo $earlier | tr ' ' ',')" Name=state,Values=available \
    --query 'Images[].ImageId' --output text
)
for ami in $earlier; do
  case " $(echo $usable) " in
    *" $ami "*)
      aws ssm put-parameter --name "$place" --value "$ami" --overwrite > /dev/null
      echo "rollback: $1 had $now, and has $ami"
      exit
      ;;
  esac
done
echo "rollback: $1 has no image to go back to" >&2
exit 1
