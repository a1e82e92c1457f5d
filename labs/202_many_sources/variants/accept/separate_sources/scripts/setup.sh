#!/bin/sh
set -eu
sudo apt-get update
case "$PACKER_BUILD_NAME" in
  web)
    package=labweb
    threads=2
    ;;
  worker)
    package=$TOOL
    threads=8
    ;;
esac
sudo apt-get install -y "$package"
printf 'release=%s\nrole=%s\nthreads=%s\n' "$RELEASE" "$PACKER_BUILD_NAME" "$threads" |
  sudo tee /etc/kiosk.conf
