#!/bin/bash
# The kiosk's own Python environment, outside any home: rebuilt when a lock file changed, the package installed again
# when a source file changed. `--stale` only says what is to do, and says nothing where all is current.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${MADOGUCHI_VENV:-/opt/madoguchi/venv}
umask 022

locks=$(cat requirements-build.lock requirements.lock requirements-vision.lock \
    requirements-voice.lock requirements-dev.lock | sha256sum |
    cut -c-64)
sources=$(find pyproject.toml hatch_build.py LICENSE kiosk drivers screens i18n issuance \
    -type f ! -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c-64)
locks_of() { cat "$venv/.locks.sha256" 2>/dev/null || true; }
sources_of() { cat "$venv/.sources.sha256" 2>/dev/null || true; }

if [ "${1:-}" = --stale ]; then
    [ "$(locks_of)" = "$locks" ] || { echo environment; exit 0; }
    [ "$(sources_of)" = "$sources" ] || echo package
    exit 0
fi

# pip's own words are shown when it fails, and then whole.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
pip_install() {
    "$venv/bin/python" -m pip install --disable-pip-version-check --root-user-action=ignore \
        --no-input --no-build-isolation --no-deps "$@" >"$log" 2>&1 </dev/null || {
        cat "$log"
        return 1
    }
}

if [ "$(locks_of)" != "$locks" ]; then
    echo "Making the Python environment in $venv from the lock files (about a minute)."
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    # The build's own tools first: pyscard and systemd-python come as source and are compiled with these, not with
    # whatever is newest today.
    pip_install --require-hashes --only-binary :all: -r requirements-build.lock
    pip_install --require-hashes --no-compile -r requirements.lock -r requirements-vision.lock \
        -r requirements-voice.lock -r requirements-dev.lock
    # On all cores, which pip does not; some packages carry files that are no Python 3, and nothing loads those.
    PYTHONDONTWRITEBYTECODE='' "$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null 2>&1 || true
    # Its licence excludes commercial use, and nothing here reads it (ADR 0039).
    find "$venv/lib" -name shape_predictor_68_face_landmarks.dat -delete
    "$venv/bin/python" -m pip check --disable-pip-version-check >/dev/null
    echo "$locks" >"$venv/.locks.sha256"
fi
if [ "$(sources_of)" != "$sources" ]; then
    echo "Installing Madoguchi into $venv."
    rm -f "$venv/.sources.sha256"
    PYTHONDONTWRITEBYTECODE=1 pip_install --compile --no-index --force-reinstall .
    echo "$sources" >"$venv/.sources.sha256"
fi
