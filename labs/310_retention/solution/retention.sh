#!/bin/sh
# retention.sh [--dry-run] REGION...: remove the images that nothing keeps, or only say which.
exec python3 "$(dirname "$0")/retention.py" "$@"
