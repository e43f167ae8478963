#!/bin/bash
# `make check`: everything that can be said of the sources without running them. The parts run side by side; the
# output of one that fails is shown whole.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${MADOGUCHI_VENV:-/opt/madoguchi/venv}/bin
if [ -n "$(provisioning/prepare.sh --needed)" ]; then
    provisioning/as-root.sh check "install Debian packages, the Python environment in ${bin%/bin} and system users" \
        provisioning/prepare.sh
fi
mkdir -p build/cache
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

mapfile -t trees < <(find . -name '*.py' ! -path './build/*' -printf '%P\n' | cut -d/ -f1 | sort -u)

# shellcheck disable=SC2317  # called by name below
{
    format() { "$bin/ruff" format --check --quiet .; }
    lint() { "$bin/ruff" check --quiet .; }
    types() { "$bin/mypy" "${trees[@]}"; }
    imports() { "$bin/lint-imports" --no-logo --cache-dir build/cache/imports; }
    shell() { find provisioning -name '*.sh' -print0 | xargs -0 shellcheck .ci/run provisioning/install; }
    units() { provisioning/units.sh; }
}

declare -A parts
for part in format lint types imports shell units; do
    "$part" >"$logs/$part" 2>&1 </dev/null &
    parts[$part]=$!
done
status=0
for part in format lint types imports shell units; do
    if wait "${parts[$part]}"; then
        echo "ok      $part"
    else
        status=1
        echo "FAILED  $part"
        sed 's/^/        /' "$logs/$part"
    fi
done
exit $status
