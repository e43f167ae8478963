#!/bin/bash
# `make test`: the whole suite as one run with one summary. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${MADOGUCHI_VENV:-/opt/madoguchi/venv}
provisioning/prepare.sh

if ! unshare --net --mount --pid --fork true 2>/dev/null; then
    echo "The tests give every run its own network, mounts and processes, and this machine forbids it (a container" \
        "without CAP_SYS_ADMIN?)." >&2
    exit 1
fi

export PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=$PWD/build/cache/hypothesis
status=0
"$venv/bin/python" -m pytest -n "${WORKERS:-2}" --dist loadgroup "$@" </dev/null || status=$?
provisioning/hand-back.sh
exit $status
