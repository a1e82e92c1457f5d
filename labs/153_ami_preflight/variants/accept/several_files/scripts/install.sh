#!/bin/sh
set -eu
sudo apt-get update
sudo apt-get install -y labweb
sudo systemctl enable labweb
printf '%s' "$RELEASE" | sudo tee /etc/labweb/release
