#!/bin/sh
# Cleans up. Runs as root.
set -eu

apt-get clean
rm -f /home/ubuntu/.ssh/authorized_keys
rm -f /root/.bash_history
