#!/usr/bin/env bash
# One side of a chat: greets whoever sends a name, until "bye".
#     fermata run --name host -- ./host.sh
set -euo pipefail

while message=$(fermata receive --timeout 600) && [ "$message" != '"bye"' ]; do
    echo "here is $message"
    fermata respond "Hello, ${message//\"/}!"
done
