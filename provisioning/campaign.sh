#!/bin/bash
# `make campaign`: the long form of what CI does in short: millions of inputs for the parsers, a hundred times the
# examples of every property, and a kiosk of real processes killed at every one of its durable writes.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${MADOGUCHI_VENV:-/opt/madoguchi/venv}
provisioning/prepare.sh

export PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=$PWD/build/cache/hypothesis
status=0
for file in tests/*/campaign_*.py; do
    module=${file%.py}
    echo "--- ${module//\//.}"
    "$venv/bin/python" -m "${module//\//.}" </dev/null || status=1
done
echo "--- pytest, with the campaign's number of examples"
CAMPAIGN=1 "$venv/bin/python" -m pytest -n "${WORKERS:-2}" --timeout 3600 tests/codec tests/engine tests/journal \
    tests/crash tests/ipc tests/treasury "$@" </dev/null || status=1
provisioning/hand-back.sh
exit $status
