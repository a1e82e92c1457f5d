#!/bin/sh
# CI runs this every night, and archives the folder out. out/alerts.txt goes to the person on call.
set -u
rm -rf out
mkdir out

packer build -machine-readable web.json >out/night.log
code=$?

# What is kept is read by many people.
for log in out/*.log; do
  sed -i "s/$REPO_TOKEN/<token>/g" "$log"
done

sh metrics.sh out/night.log || code=1
sh alert.sh || code=1
cat out/alerts.txt
exit "$code"
