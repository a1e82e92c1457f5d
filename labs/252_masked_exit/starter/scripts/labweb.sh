#!/bin/sh -e
sudo apt-get install -y labweb="$LABWEB_VERSION"
sudo install -m 0644 /tmp/app.conf /etc/labweb/app.conf
sudo systemctl enable labweb
rm /tmp/app.conf
echo "labweb is set up"
