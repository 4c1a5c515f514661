#!/usr/bin/env bash
# Prints the files below $CLEANUP_DIR that are older than so many days; a part of cleanup.sh.
set -euo pipefail
find "${CLEANUP_DIR:?the directory that is cleaned up}" -type f -mtime "+$1" | sort
