#!/bin/bash
# The steps are read by Python, which a bare Debian may not have: from the medium that the words name, else from the network.
set -euo pipefail
if command -v python3 >/dev/null; then
    exit 0
fi
medium=
while [ $# -gt 0 ]; do
    if [ "$1" = --medium ]; then medium=$(readlink -f "${2:-}"); fi
    shift
done
echo "Installing python3, which reads the steps."
where=()
if [ -d "$medium/debian" ]; then
    echo "deb [trusted=yes] file:$medium/debian ./" >/run/madoguchi.list
    trap 'rm -f /run/madoguchi.list' EXIT
    where=(-oDir::Etc::SourceList=/run/madoguchi.list -oDir::Etc::SourceParts=-)
fi
export DEBIAN_FRONTEND=noninteractive
apt-get "${where[@]}" update -q >/dev/null
apt-get "${where[@]}" install -q -y --no-install-recommends python3 >/dev/null
