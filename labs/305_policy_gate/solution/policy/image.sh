#!/bin/sh
# image.sh AMI: exit code 0 if the image may go out. out/findings.json lists the rules that it breaks.
set -eu
rules="$(dirname "$0")/rules.json"
mkdir -p out

aws ec2 describe-images --owners self --image-ids "$1" >out/image.json
us=$(jq -er '.Images[0].OwnerId' out/image.json)

# Down through our own images, to the first that is not ours. A filter finds nothing where an id
# would be an error: an image that is gone has no owner.
owner=$us
base=$(jq -r '.Images[0].SourceImageId // "unknown"' out/image.json)
while [ "$owner" = "$us" ]; do
  aws ec2 describe-images --filters "Name=image-id,Values=$base" >out/base.json
  owner=$(jq -r '.Images[0].OwnerId // "unknown"' out/base.json)
  base=$(jq -r '.Images[0].SourceImageId // "unknown"' out/base.json)
done

jq --arg owner "$owner" --slurpfile rules "$rules" '
  .Images[0]
  | ((.Tags // []) | map(select(.Value != "").Key)) as $tags
  | [
      (if .Public then "public" else empty end),
      (if all(.BlockDeviceMappings[].Ebs | values; .Encrypted) then empty else "unencrypted" end),
      (if $rules[0].tags - $tags == [] then empty else "untagged" end),
      (if $rules[0].owners | index([$owner]) then empty else "foreign-base" end)
    ]
  | map({ rule: . })
' out/image.json >out/findings.json

jq -r '.[].rule' out/findings.json
jq -e '. == []' out/findings.json >/dev/null
