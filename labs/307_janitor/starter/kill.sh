#!/bin/sh
# sh kill.sh: starts a build that is overdue from the beginning, and kills it at work.
# Call it in `packerlab shell`.
set -eu

setsid packer build -color=false -var limit=-1m . >killed.log 2>&1 &
build=$!
until grep -q 'Connected to SSH' killed.log; do
  kill -0 "$build" || { cat killed.log; exit 1; }
  sleep 0.2
done
kill -s KILL -- "-$build"
echo "killed: the build had just logged in to its machine"
