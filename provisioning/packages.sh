#!/bin/bash
# Install the Debian packages of a list (packages.txt) that are missing. `--missing` only names them.
set -euo pipefail
cd "$(dirname "$0")/.."

list=packages.txt
case ${1:-} in *.txt) list=$1 ;; esac
mapfile -t wanted < <(sed 's/[[:space:]]*#.*//' "$list" | grep .)
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
    <(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u))

if [ "${1:-}" = --missing ]; then
    echo "${missing[*]}"
    exit 0
fi
[ ${#missing[@]} -gt 0 ] || exit 0

echo "Installing ${#missing[@]} Debian packages ($list says why each): ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log"
    echo "Debian's package manager could not install them; its own words are above." >&2
    exit 1
fi
