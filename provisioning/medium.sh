#!/bin/bash
# `make medium`: a folder with all that an installation without network needs: the appliance's wheels with their
# hashes, (with --voice) what a kiosk speaks with, and (with --debian) Debian's packages as a small archive. Copy it to a
# stick with this checkout beside it. --demo: the whole instead, with simulators and server, for a machine that is shown.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${MADOGUCHI_VENV:-/opt/madoguchi/venv}
out=build/medium
with_debian=
build=appliance
voice=()
while [ $# -gt 0 ]; do
    case $1 in
        --debian) with_debian=yes ;;
        --voice) voice=(-r requirements-voice.lock) ;;
        --demo) build=full ;;
        --out) out=$2; shift ;;
        *) echo "medium.sh: $1?" >&2; exit 64 ;;
    esac
    shift
done

mkdir -p "$out/wheels"
rm -f "$out"/wheels/*.whl "$out/wheels/wheels.lock"
if [ $build = full ]; then
    cp requirements.lock "$out/requirements.lock"
else
    "$venv/bin/python" provisioning/appliance_lock.py pyproject.toml requirements.lock >"$out/requirements.lock"
fi
# What is locked, as wheels: sources among them are compiled here, where there is a compiler, never in a lobby.
"$venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --require-hashes \
    --wheel-dir "$out/wheels" -r "$out/requirements.lock" "${voice[@]}"
MADOGUCHI_BUILD=$build "$venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-index \
    --no-build-isolation --wheel-dir "$out/wheels" .
(
    cd "$out/wheels"
    for wheel in *.whl; do
        IFS=- read -r name version _ <<<"${wheel%.whl}"
        echo "${name//_/-}==$version --hash=sha256:$(sha256sum "$wheel" | cut -c-64)"
    done >wheels.lock
)
echo "wheels: $(wc -l <"$out/wheels/wheels.lock") in $out/wheels"

if [ -n "$with_debian" ]; then
    mkdir -p "$out/debian"
    names=$(/usr/bin/python3 -c 'from provisioning.machine.steps.base import every_package; print(*every_package())')
    # shellcheck disable=SC2086  # a list of names
    mapfile -t all < <(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances $names | grep '^[a-z0-9]' | sort -u)
    (
        cd "$out/debian"
        apt-get download -q "${all[@]}" >/dev/null
        # What apt-ftparchive would write, without another package in the workshop (deb-control(5), Packages).
        for file in *.deb; do
            dpkg-deb --field "$file"
            printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
                "$file" "$(stat -c %s "$file")" "$(sha256sum "$file" | cut -c-64)"
        done >Packages
    )
    echo "Debian packages: $(find "$out/debian" -name '*.deb' | wc -l) in $out/debian"
fi
