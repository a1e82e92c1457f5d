#!/bin/sh
# SERVICE DAYS for each service: the age of its newest good image; an alarm after 30 days.
set -eu
images=$(aws ec2 describe-images --owners self --filters Name=state,Values=available)
printf %s "$images" | jq -r '
  [.Images[] | (.Tags // [] | from_entries) + {made: (.CreationDate[:19] + "Z" | fromdate)}
    | select(.Service)]
  | group_by(.Service)[]
  | [.[] | select(.Tested == "true").made] as $good
  | "\(.[0].Service) \(if $good == [] then "none" else (now - ($good | max)) / 86400 | floor end)"
' > /tmp/signals
cat /tmp/signals
awk '$2 == "none" || $2 > 30 { alarm = 1 } END { exit alarm }' /tmp/signals
