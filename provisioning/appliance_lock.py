"""requirements.lock without what only the reference server needs: each entry that the project's own dependencies reach,
by the lock's own "via" lines, with all its hashes.

    python3 provisioning/appliance_lock.py pyproject.toml requirements.lock
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def reduced(pyproject: str, lock: str) -> str:
    """ValueError: a dependency of the project is not in the lock."""
    wanted = {_name(each) for each in tomllib.loads(pyproject)["project"]["dependencies"]}
    blocks = re.findall(r"^[a-zA-Z0-9].*\n(?:[ \t].*\n?)*", lock, re.MULTILINE)
    entries = {_name(block): block for block in blocks}
    if missing := wanted - set(entries):
        raise ValueError(f"not in the lock: {', '.join(sorted(missing))}")
    needed_by = {name: {_name(each) for each in _via(block)} for name, block in entries.items()}
    reached, new = set(), wanted
    while new:
        reached |= new
        new = {name for name, parents in needed_by.items() if parents & reached} - reached
    return "".join(block for name, block in entries.items() if name in reached)


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _via(block: str) -> list[str]:
    """Who asks for it: behind `# via`, one on its line or each on a line of its own."""
    _, _, said = block.partition("# via")
    return re.findall(r"^\s*#?\s*([A-Za-z0-9][\w.-]*)", said, re.MULTILINE)


if __name__ == "__main__":
    print(reduced(*(Path(each).read_text(encoding="utf-8") for each in sys.argv[1:])), end="")
