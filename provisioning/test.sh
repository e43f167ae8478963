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

# The kiosk's processes run as users of their own and must be able to read the code under test. Where the checkout lies
# in a folder that is closed to others (a home is often 0700), a copy of it is tested.
if ! runuser -u nobody -- test -r "$PWD/Makefile"; then
    copy=$(mktemp -d /var/tmp/madoguchi-test.XXXXXX)
    trap 'rm -rf "$copy"' EXIT
    chmod 0755 "$copy"
    echo "The checkout is closed to other users: its copy in $copy is tested."
    tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C "$copy" --no-same-permissions --no-same-owner
    chmod -R a+rX "$copy"
    cd "$copy"
fi

export PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=$PWD/build/cache/hypothesis

# Hundreds of processes start from these sources, as users who may not write here: they are compiled once, not each time.
PYTHONDONTWRITEBYTECODE='' "$venv/bin/python" -m compileall -q kiosk drivers screens i18n issuance

# The tests make thousands of journals durable. Where there is memory enough these lie in it, in a mount that ends with
# the run: how slow a disk is then says nothing about how long the tests take. One worker more than cores: they wait often.
pytest=("$venv/bin/python" -m pytest -n "${WORKERS:-$(($(nproc) + 1))}" --dist loadscope)
if [ "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)" -gt 8000000 ]; then
    export TMPDIR=/var/tmp/madoguchi
    mkdir -p "$TMPDIR"
    # shellcheck disable=SC2016  # the inner shell's own variables
    pytest=(unshare --mount bash -c 'mount -t tmpfs -o mode=1777 test "$TMPDIR" && exec "$@"' - "${pytest[@]}")
fi
status=0
"${pytest[@]}" "$@" </dev/null || status=$?
provisioning/hand-back.sh
exit $status
