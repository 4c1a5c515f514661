#!/usr/bin/env bash
# The other side: sends its names to the host, and prints what comes back.
#     fermata run -- ./guest.sh host Ada Grace
set -euo pipefail
host=$1
shift

for name in "$@"; do
    fermata send --quiet "$host" "$name"
    echo "the host says $(fermata receive --raw --timeout 60)"
done
fermata send --quiet "$host" bye
