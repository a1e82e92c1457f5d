#!/bin/sh
# Looks whether sh can read all scripts, before a machine has to.
set -eu
for script in scripts/*.sh; do
  sh -n "$script"
done
echo "checked in a build of type $PACKER_BUILDER_TYPE" >>lint.txt
