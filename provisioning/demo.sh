#!/bin/bash
# `make run`: the whole kiosk on this machine. With a display: kiosk and panel in windows. Without: one journey of a
# resident on a display that only the run sees, and the place of its pictures.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${MADOGUCHI_VENV:-/opt/madoguchi/venv}
provisioning/prepare.sh

if [ -n "${DISPLAY:-}" ]; then
    echo "Starting the kiosk and its panel, each in a window."
    exec "$venv/bin/kiosk-sim" up --demo
fi
out=${OUT:-$PWD/build/journeys/juminhyo}
echo "No display here: a resident's whole visit (a certificate of residence) runs on a virtual one."
mkdir -p "$out"
status=0
"$venv/bin/kiosk-journey" run juminhyo --out "$out" </dev/null || status=$?
provisioning/hand-back.sh
[ $status -eq 0 ] && echo "The screens' pictures, the certificate, the receipt, the journal and the times are in $out"
exit $status
