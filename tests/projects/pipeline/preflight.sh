#!/bin/sh
# Whether every template is formatted and valid.
set -eu
packer fmt -check . > /dev/null
packer validate -var base=ami-00000000000000000 .
