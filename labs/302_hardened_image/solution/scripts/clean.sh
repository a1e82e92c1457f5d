#!/bin/sh
# Removes what the build and its machine left on the disk. Runs as root, and last.
set -eu

# the token of the build
rm -f /etc/apt/auth.conf.d/90-packages.conf /home/*/.netrc /root/.netrc

# apt's lists and caches, shell histories, temporary files, logs
apt-get clean
rm -rf /var/lib/apt/lists/*
rm -f /home/*/.*_history /root/.*_history
rm -rf /tmp/* /var/tmp/*
find /var/log -type f -exec truncate -s 0 {} +

# what makes this machine this machine
cloud-init clean --logs
truncate -s 0 /etc/machine-id
rm -f /etc/ssh/ssh_host_*

# the keys that may log in: the last thing to go
rm -f /home/*/.ssh/authorized_keys /root/.ssh/authorized_keys
