"""What a simulated device keeps without power: one JSON file, whole or not at all, also after ours went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kiosk import durable


class Kept:
    """A file in the simulator's folder. `folder` None: no disk, for pure tests."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self._file = folder / name if folder is not None else None

    def read(self) -> dict[str, Any] | None:
        """What was kept; None: nothing yet. The folder is there afterwards."""
        if self._file is None:
            return None
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if not self._file.exists():
            return None
        found: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        return found

    def write(self, value: dict[str, Any]) -> None:
        """On the disk when this returns: before a device tells of it."""
        if self._file is not None:
            durable.write(self._file, json.dumps(value).encode("utf-8"))
