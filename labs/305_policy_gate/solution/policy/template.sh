#!/bin/sh
# template.sh DIR: exit code 0 if the templates in a folder break no rule. out/findings.json lists what they break.
exec python3 "$(dirname "$0")/template.py" "$1"
