#!/bin/sh
# drift.sh REGION: write to out/drift.json what is stale in a region, and why.
mkdir -p out

# Images that were made more than 30 days ago.
aws ec2 describe-images --owners self | jq '
  (now - 30 * 86400 | todate) as $limit
  | [.Images[] | select(.CreationDate < $limit) | { name: .Name, why: "old" }]
' >out/drift.json
