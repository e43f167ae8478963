#!/bin/bash
# `make bench`: each measurement says its own figures; arguments name some of them (ARGS="journal card").
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${MADOGUCHI_VENV:-/opt/madoguchi/venv}
provisioning/prepare.sh

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    mapfile -t names < <(find benchmarks -maxdepth 1 -name '[a-z]*.py' -printf '%f\n' | sed 's/\.py$//' | sort)
fi
status=0
for name in "${names[@]}"; do
    echo "--- $name"
    "$venv/bin/python" -m "benchmarks.$name" </dev/null || status=1
done
provisioning/hand-back.sh
exit $status
