"""Files and links that are there whole or not at all, also after the power went."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """In the place of what stood there; readable by everybody. OSError."""
    partial = path.with_name(f".{path.name}.part")
    with partial.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    partial.chmod(0o644)
    partial.replace(path)
    sync(path.parent)


def link(path: Path, target: str) -> None:
    """A symbolic link, in the place of what stood there. OSError."""
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """The names in it: what was made, renamed or removed there."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
