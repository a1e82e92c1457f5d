#!/bin/sh
# alert.sh: what somebody has to look at, one line for each alert, in out/alerts.txt.
exec python3 alert.py
