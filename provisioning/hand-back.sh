#!/bin/bash
# What root wrote under build/ belongs to whoever called sudo.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${SUDO_UID:-}" ] && [ -d build ]; then
    chown -R "$SUDO_UID:${SUDO_GID:-}" build
fi
