#!/bin/sh
set -eu
packer build -only=base .
packer build -only=web .
