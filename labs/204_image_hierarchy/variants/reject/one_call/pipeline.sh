#!/bin/sh
set -eu
packer build .
