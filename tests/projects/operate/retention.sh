#!/bin/sh
# The names of the images that may go.
set -eu
aws ec2 describe-images --owners self --include-disabled > /tmp/images
aws ec2 describe-instances \
  --filters Name=instance-state-name,Values=pending,running,stopping,stopped > /tmp/machines
aws ssm describe-parameters --query 'Parameters[].Name' --output text | tr '\t' '\n' > /tmp/names
while read -r name; do
  aws ssm get-parameter-history --name "$name" --query 'Parameters[-2:].Value' < /dev/null
done < /tmp/names > /tmp/channels
jq -r --slurpfile machines /tmp/machines --slurpfile channels /tmp/channels '
  ([$machines[0].Reservations[].Instances[].ImageId] + ($channels | add)) as $used
  | [.Images[] | (.Tags | from_entries) + {id: .ImageId, name: .Name, state: .State,
      made: .CreationDate}] as $all
  | [$all | map(select(.Tested == "true" and .state == "available")) | group_by(.Service)[]
      | sort_by(.made)[-2:][].id] as $last
  | $all[]
  | select(now - (.made[:19] + "Z" | fromdate) > 30 * 86400)
  | select([.id] - $used - $last != [])
  | .name
' /tmp/images
