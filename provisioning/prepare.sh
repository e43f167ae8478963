#!/bin/bash
# Everything the demo, the tests and the checks stand on: Debian packages, Python environment, users. Quick where all
# is there. `--needed` only says what is to do (empty: nothing), and changes nothing.
set -euo pipefail
cd "$(dirname "$0")"

if [ "${1:-}" = --needed ]; then
    echo "$(./packages.sh --missing) $(./env.sh --stale) $(./users.sh --missing)" | xargs
    exit 0
fi

# Two runs at once wait for each other here, not inside apt or pip.
exec 9>/run/lock/madoguchi-prepare.lock
flock 9
./packages.sh
./env.sh 9>&-
./users.sh
