#!/bin/sh
# shift_ids.sh FOLDER BY: every owner and group below FOLDER becomes BY more. The ids of a sandbox's
# machines are a range of their own (packerlab.inside.machines); chown drops set-user-id bits, so
# these are set again.
set -eu
find "$1" -perm /6000 -type f -printf '%m %p\n' >/tmp/set_id
for owner in $(find "$1" -printf '%U\n' | sort -u); do
    find "$1" -uid "$owner" -exec chown -h "$((owner + $2))" {} +
done
for group in $(find "$1" -printf '%G\n' | sort -u); do
    find "$1" -gid "$group" -exec chgrp -h "$((group + $2))" {} +
done
while read -r mode path; do chmod "$mode" "$path"; done </tmp/set_id
rm /tmp/set_id
