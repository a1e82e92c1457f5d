#!/bin/sh
set -eu
packer build -parallel-builds=1 .
