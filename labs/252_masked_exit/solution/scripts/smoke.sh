#!/bin/sh
# The smoke test: does it work?
set -eu
port=$(sed -n 's/^port *= *//p' /etc/labweb/app.conf)

labtool --version
test "$(dpkg-query -W -f '${Version}' labweb)" = "$LABWEB_VERSION"
sudo systemctl start labweb
timeout 5 sh -c "until labtool get http://127.0.0.1:$port/healthz; do sleep 0.5; done"
