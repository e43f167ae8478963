#!/bin/bash
# What root wrote in the checkout (build/, compiled sources) belongs to whoever called sudo.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${SUDO_UID:-}" ]; then
    find . \( -path ./build -o -name __pycache__ \) -prune -exec chown -R "$SUDO_UID:${SUDO_GID:-}" {} +
fi
