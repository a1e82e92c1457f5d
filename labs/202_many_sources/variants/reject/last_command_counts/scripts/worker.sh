#!/bin/sh
sudo apt-get install -y "$TOOL"
echo "The worker is ready."
