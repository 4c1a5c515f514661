#!/usr/bin/env bash
# A release that asks for a version:  fermata run -- ./release.sh
set -euo pipefail

# Set by the answer: --export prints them quoted for eval, and no others. Without an answer it prints
# `false`, which ends the script.
version='' target='' percent='' note=''
eval "$(fermata pause --title Release --export \
    --input 'version: text <= 20 # as the tag in the repository' \
    --input 'target: staging | production = production' \
    --input 'percent: integer >= 1 <= 100 = 10 # of the users, to begin with' \
    --input 'note?: text')"

echo "releasing $version to $percent % of $target"
[ -z "$note" ] || fermata log "note: $note"
fermata variable set last_release "$version"
