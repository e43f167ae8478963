#!/bin/bash
# `make image-test`: a whole kiosk on a disk, started in QEMU to the attract screen, tried from the front, unplugged and
# started again. Minutes to an hour (without KVM every instruction is translated); a Debian mirror is asked for its
# packages. OUT says where the disk, the pictures and report.md lie (build/image); what is there is used again.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${MADOGUCHI_VENV:-/opt/madoguchi/venv}
out=${OUT:-$PWD/build/image}
provisioning/prepare.sh
provisioning/packages.sh packages-image.txt

export PYTHONDONTWRITEBYTECODE=1
"$venv/bin/python" -m tests.image.build "$out"
status=0
# A network and a /run of its own: no port meets another one, and everything ends together.
# shellcheck disable=SC2016  # expanded inside
unshare --net --mount --pid --fork --kill-child --mount-proc bash -ec '
    ip link set lo up
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/lock
    exec "$0" -m tests.image.run "$@"' "$venv/bin/python" "$out" "$@" </dev/null || status=$?
provisioning/hand-back.sh
exit $status
