"""CycloneDX list: Python packages of a kiosk and of the issuance server, Debian packages of this bench.

    provisioning/sbom.py FILE

The Python part is read from the installed environment and cut down to requirements.lock, requirements-vision.lock and
requirements-voice.lock; the Debian part is packages.txt (demo and tests; a kiosk's own list comes with its image) with
the versions installed here.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TOOL = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--pyproject"]


def locked() -> dict[str, list[str]]:
    """Package name to the hashes of its published files."""
    found: dict[str, list[str]] = {}
    name = ""
    names = ("requirements.lock", "requirements-vision.lock", "requirements-voice.lock")
    locks = [(ROOT / lock).read_text() for lock in names]
    for line in "".join(locks).splitlines():
        if match := re.match(r"^([a-z0-9-]+)==", line):
            name = match[1]
            found[name] = []
        elif match := re.search(r"--hash=sha256:([0-9a-f]{64})", line):
            found[name].append(match[1])
    return found


def debian_components() -> list[dict[str, Any]]:
    lines = (ROOT / "packages.txt").read_text().splitlines()
    names = [line.split()[0] for line in lines if line and not line.startswith("#")]
    form = "--showformat=${Package} ${Version} ${Architecture}\n"
    rows = subprocess.run(
        ["dpkg-query", "--show", form, *names], capture_output=True, text=True, check=True
    ).stdout
    return [
        {
            "type": "library",
            "bom-ref": f"deb:{name}",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={architecture}",
        }
        for name, version, architecture in (row.split() for row in rows.splitlines())
    ]


def build_bom() -> dict[str, Any]:
    done = subprocess.run([*TOOL, str(ROOT / "pyproject.toml")], capture_output=True, text=True, check=True)
    bom: dict[str, Any] = json.loads(done.stdout)
    hashes = locked()
    normal = {c["bom-ref"]: re.sub(r"[-_.]+", "-", c["name"]).lower() for c in bom["components"]}
    bom["components"] = [c for c in bom["components"] if normal[c["bom-ref"]] in hashes]
    for component in bom["components"]:
        # Any of the published files may have been the one installed: the lock accepts each of them.
        files = hashes[normal[component["bom-ref"]]]
        component.setdefault("properties", []).extend(
            {"name": "madoguchi:locked-sha256", "value": value} for value in files
        )
    bom["components"] += debian_components()
    kept = {c["bom-ref"] for c in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
    bom["dependencies"] = [
        d | {"dependsOn": [ref for ref in d.get("dependsOn", []) if ref in kept]}
        for d in bom["dependencies"]
        if d["ref"] in kept
    ]
    return bom


def main(arguments: list[str]) -> int:
    target = Path(arguments[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    bom = build_bom()
    target.write_text(json.dumps(bom, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(bom['components'])} components in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
