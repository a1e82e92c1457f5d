#!/bin/sh
# alert.sh: what somebody has to look at, one line for each alert, in out/alerts.txt.
mkdir -p out
sed -n 's/^packer_build_success{build="\(.*\)"} 0$/failed \1/p' out/packer.prom >out/alerts.txt
