#!/bin/sh
# CI calls this for each release: sh pipeline.sh
packer build .
