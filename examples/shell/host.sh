#!/usr/bin/env bash
# One side of a chat: greets whoever sends a name, until "bye".
#     fermata run --name host -- ./host.sh
set -euo pipefail

while name=$(fermata receive --raw --timeout 600) && [ "$name" != bye ]; do
    echo "here is $name"
    fermata respond "Hello, $name!"
done
