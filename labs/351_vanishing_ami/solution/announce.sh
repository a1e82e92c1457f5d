#!/bin/sh
# Tells the chat which AMI the newest entry of the manifest is about.
set -eu

ami=$(sed -n 's/.*"artifact_id": "[^:]*:\(ami-[0-9a-f]*\)".*/\1/p' manifest.json | tail -n 1)
sh notify.sh "A new image: $ami"
