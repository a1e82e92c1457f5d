#!/bin/sh
sudo apt-get update
sudo apt-get install -y "labweb=$LABWEB_VERSION"
sed -i "s/GREETING/$GREETING/" /tmp/app.conf
sudo install -o root -g labweb -m 0640 /tmp/app.conf /etc/labweb/app.conf
sudo systemctl enable labweb
rm -f /tmp/app.conf
