#!/bin/bash
# Resolve pyproject.toml into the five lock files: exact versions, every published hash, no address of any index.
# `provisioning/lock.sh --upgrade` takes newer versions; without it, what is locked stays.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${MADOGUCHI_VENV:-/opt/madoguchi/venv}

# A lock must not depend on the settings of the machine that made it: no pip or uv configuration is read.
resolve() {
    env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u PIP_INDEX_URL PIP_CONFIG_FILE=/dev/null \
        "$venv/bin/uv" pip compile --no-config --quiet --generate-hashes \
        --no-emit-index-url --no-emit-find-links \
        --python-version 3.11 --python-platform linux \
        --custom-compile-command "make lock" "$@"
}

resolve --group build --output-file requirements-build.lock "${@}"
resolve pyproject.toml --extra issuance --constraints requirements-build.lock \
    --output-file requirements.lock "${@}"
# Only what the extra adds: everything else is in requirements.lock.
"$venv/bin/python" -c 'import tomllib
with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["project"]["optional-dependencies"]["vision"], sep="\n")' |
    resolve - --constraints requirements-build.lock --constraints requirements.lock \
        --output-file requirements-vision.lock "${@}"
"$venv/bin/python" -c 'import tomllib
with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["project"]["optional-dependencies"]["voice"], sep="\n")' |
    resolve - --constraints requirements-build.lock --constraints requirements.lock \
        --constraints requirements-vision.lock --output-file requirements-voice.lock "${@}"
resolve --group dev --constraints requirements-build.lock --constraints requirements.lock \
    --constraints requirements-vision.lock --constraints requirements-voice.lock \
    --output-file requirements-dev.lock "${@}"
echo "Locked: $(grep -hcE '^[a-zA-Z0-9].*==' requirements-build.lock requirements.lock requirements-vision.lock \
    requirements-voice.lock requirements-dev.lock |
    paste -sd' ') packages (build, runtime, vision, voice, development)."
