# Sourced by the scripts beside it.
# shellcheck shell=bash
set -euo pipefail
script=$(readlink -f "$0")
# shellcheck disable=SC2034 # paths that the reader gives are relative to here
readonly caller=$PWD
cd "$(dirname "$script")/.."
readonly logs=build/logs

fail() {
    printf '%s: %s\n' "script/$(basename "$script")" "$*" >&2
    exit 1
}

# Prints the comment at the head of the running script.
usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$script"
}

# The project's C files, one a line: those that git tracks, or in a tree without git all.
c_files() {
    git ls-files -- '*.[ch]' 2>/dev/null ||
        find . \( -name 'build*' -o -name '.?*' \) -prune -o -name '*.[ch]' -printf '%P\n'
}

# step LOG TITLE COMMAND...: runs the command with its output in build/logs/LOG.log and shows one
# line for it; if it fails, also the end of the log. `set -e` does not reach into the command.
step() {
    local log=$logs/$1.log title=$2 begun=$SECONDS status=0 ticker=
    shift 2
    mkdir -p "$logs"
    if [ -t 2 ]; then
        while kill -0 $$ && printf '\r%s … %d s ' "$title" $((SECONDS - begun)); do sleep 1; done >&2 &
        ticker=$!
    fi
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ -n "$ticker" ]; then
        kill "$ticker"
        wait "$ticker" 2>/dev/null || true
        printf '\r' >&2
    fi
    if [ $status = 0 ]; then
        printf '%s … done in %d s\n' "$title" $((SECONDS - begun)) >&2
    else
        printf '%s … failed after %d s; the end of %s:\n' "$title" $((SECONDS - begun)) "$log" >&2
        tail -n 40 "$log" >&2
    fi
    return $status
}
