#!/bin/bash
# as-root.sh TARGET WHY SCRIPT [ARGUMENT…]: run one of the project's scripts as root; else through one sudo, explained;
# else stop before anything changed and print the one line for root. TARGET is the make target the person asked for.
set -euo pipefail
target=$1 why=$2
shift 2

if [ "$(id -u)" -eq 0 ]; then
    exec "$@"
fi

keep=()
for name in DISPLAY XAUTHORITY CI MADOGUCHI_VENV OUT ARGS; do
    [ -z "${!name:-}" ] || keep+=("$name=${!name}")
done
if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    echo "'make $target' needs root to $why. sudo is asked once, now."
    exec sudo -H env "${keep[@]}" "$@"
fi
echo "'make $target' needs root to $why. Nothing was changed. As root, run:" >&2
echo "  make -C $(cd "$(dirname "$0")/.." && pwd) $target" >&2
exit 1
