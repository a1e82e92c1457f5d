#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
packer build -color=false "$here/base"
packer build -color=false "$here/app"
