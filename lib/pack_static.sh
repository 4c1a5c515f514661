#!/bin/sh
# pack_static.sh OUTPUT.a ARCHIVE... - one object in one archive that shows no name but fm_*, so
# that the static library cannot collide with a program's own functions.
set -eu
output=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ld -r -o "$work/fermata.o" --whole-archive "$@"
objcopy --wildcard --keep-global-symbol='fm_*' "$work/fermata.o"
rm -f "$output"
ar rcs "$output" "$work/fermata.o"
