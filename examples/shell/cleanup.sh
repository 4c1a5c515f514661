#!/usr/bin/env bash
# A clean-up that waits over the weekend, and no process with it:
#     fermata serve --name weekly --param 'days: integer >= 1 = 30' --cron '0 18 * * 5' -- ./cleanup.sh
set -euo pipefail

# The list of Friday, also in the process that starts on Monday.
list=$(fermata step list -- ./old-files.sh "$FERMATA_PARAM_DAYS")
count=$(grep -c . <<<"$list" || true)
[ "$count" -gt 0 ] || exit 0

delete=$(fermata suspend --timeout 259200 --title 'Weekly clean-up' --get delete \
    --input "delete: boolean = false # $count files, older than $FERMATA_PARAM_DAYS days" \
    --description "$(printf '    %s\n' "$list")")
if [ "$delete" = true ]; then
    while IFS= read -r file; do
        rm -f -- "$file"
        echo "deleted $file"
    done <<<"$list"
fi
