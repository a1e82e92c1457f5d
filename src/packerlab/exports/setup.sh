#!/bin/sh
# Gradescope runs this once, as root, when it makes the image of this autograder.
set -eu
cd "$(dirname "$0")"

apt-get update
apt-get install -y --no-install-recommends bubblewrap python3 python3-venv
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "packerlab needs Python 3.11 or newer: choose a newer base image (Ubuntu 24.04)." >&2
  exit 1
}
python3 -m venv venv
venv/bin/pip install -r requirements.txt
./packer/packer version
