#!/bin/bash
# Both wheels: build/wheels/full (demo, tests, server) and build/wheels/appliance (what a kiosk in a lobby installs).
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${MADOGUCHI_VENV:-/opt/madoguchi/venv}
out=${1:-build/wheels}
for build in full appliance; do
    MADOGUCHI_BUILD=$build "$venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-index \
        --no-build-isolation --wheel-dir "$out/$build" .
    echo "$build: $(ls "$out/$build"/madoguchi-*.whl)"
done
