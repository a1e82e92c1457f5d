#!/bin/sh
# Activates labweb with the licence key that stands on the first line of its standard input.
# It keeps a checksum of the key, never the key. Run it as root, with labweb installed.
set -eu
IFS= read -r key
[ -n "$key" ] || { echo "activate.sh: there is no licence key on standard input" >&2; exit 1; }
printf '%s' "$key" | sha256sum | cut -d ' ' -f 1 >/etc/labweb/activated
echo "labweb is activated"
