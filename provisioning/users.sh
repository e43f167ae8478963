#!/bin/bash
# The users of the kiosk's processes, from the same file that an appliance installs. Safe to repeat.
set -euo pipefail
cd "$(dirname "$0")/.."

file=$PWD/systemd/sysusers.d/madoguchi.conf
missing=()
while read -r user; do
    getent passwd "$user" >/dev/null || missing+=("$user")
done < <(awk '$1 == "u" { print $2 }' "$file")

if [ "${1:-}" = --missing ]; then
    echo "${missing[*]}"
    exit 0
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "Creating the system users of the kiosk's processes: ${missing[*]}."
fi
systemd-sysusers "$file" 2>/dev/null || systemd-sysusers "$file"
