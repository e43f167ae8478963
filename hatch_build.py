"""Two wheels out of one tree: the whole, and the appliance's, which has no simulator in it (ADR 0002).

`MADOGUCHI_BUILD=appliance` in the environment chooses the second; pyproject.toml says what it leaves out.
"""

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

UNSHIPPED_SUFFIXES = {".pyc", ".md"}


def is_appliance() -> bool:
    choice = os.environ.get("MADOGUCHI_BUILD", "full")
    if choice not in {"full", "appliance"}:
        raise ValueError(f"MADOGUCHI_BUILD is {choice!r}; it may be 'full' or 'appliance'")
    return choice == "appliance"


def shipped_files(root: Path, packages: list[str], leave_out: list[str]) -> list[str]:
    """Paths relative to root, sorted; a pattern's * crosses folders."""
    found = (path for package in packages for path in (root / package).rglob("*") if path.is_file())
    names = sorted(
        path.relative_to(root).as_posix() for path in found if path.suffix not in UNSHIPPED_SUFFIXES
    )
    return [
        name
        for name in names
        if not any(part.startswith(".") or part == "__pycache__" for part in name.split("/"))
        and not any(fnmatch(name, pattern) for pattern in leave_out)
    ]


class Files(BuildHookInterface):  # type: ignore[type-arg]  # the parameter is private to hatchling
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        leave_out = self.config["appliance-leaves-out"] if is_appliance() else []
        root = Path(self.root)
        for name in shipped_files(root, self.config["packages"], leave_out):
            build_data["force_include"][str(root / name)] = name


class Scripts(MetadataHookInterface):
    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        metadata["scripts"] = dict(self.config["scripts"])
        if not is_appliance():
            metadata["scripts"] |= self.config["workshop-scripts"]
