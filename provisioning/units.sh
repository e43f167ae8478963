#!/bin/bash
# Does systemd understand our units? Offline, without root: a folder stands for the machine's root, with Debian's own
# units, ours, and an empty program for every ExecStart (that those programs exist is tests/build's to prove).
set -euo pipefail
cd "$(dirname "$0")/.."

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/etc/systemd/system" "$root/usr/lib/systemd"
cp -a /usr/lib/systemd/system "$root/usr/lib/systemd/system"
ln -s usr/lib "$root/lib"
cp -a systemd/system/. systemd/issuance/. systemd/demo/. "$root/etc/systemd/system/"

sed -n 's/^Exec[A-Za-z]*=[-@:+!]*\([^ ]*\).*/\1/p' systemd/{system,issuance,demo}/*.service | sort -u | while read -r program; do
    install -D -m 0755 /bin/true "$root$program"
done

units=()
for unit in systemd/{system,issuance,demo}/*.*; do
    [ -d "$unit" ] && continue
    name=$(basename "$unit")
    units+=("/etc/systemd/system/${name/@./@1.}")
done

status=0
said=$(systemd-analyze verify --root="$root" --man=no --recursive-errors=no "${units[@]}" 2>&1) || status=1
if [ -n "$said" ]; then
    echo "${said//$root\/etc\/systemd/systemd}"
    status=1
fi
if ! said=$(systemd-sysusers --dry-run "$PWD/systemd/sysusers.d/madoguchi.conf" 2>&1); then
    echo "$said"
    status=1
fi
exit $status
