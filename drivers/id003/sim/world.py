"""Physical truth: how many notes lie where. Durable before the device tells of it; outlives kiosk and simulator.

Notes are never made or lost here: they come from outside (`inserted`, `filled`) and go outside (`returned`, `taken`,
`emptied`, `pulled-out`).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

HEAD, STACKER, CASHBOX, RECYCLER, PATH, BEZEL = "head", "stacker", "cashbox", "recycler1000", "path", "bezel"
INSERTED, FILLED = "inserted", "filled"
RETURNED, TAKEN, EMPTIED, PULLED_OUT = "returned", "taken", "emptied", "pulled-out"
_SOURCES = (INSERTED, FILLED)


class World:
    """Counts of notes by place and issue, and what the device keeps without power (`memory`)."""

    def __init__(self, folder: Path | None, issue: str, notes: int) -> None:
        """`folder` None: no disk, for pure tests."""
        self._file = folder / "world.json" if folder is not None else None
        self.places: dict[str, dict[str, int]] = {}
        self.memory: dict[str, int] = {}
        if self._file is not None and folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            if self._file.exists():
                kept = json.loads(self._file.read_text())
                self.places, self.memory = kept["places"], kept["memory"]
                return
        self.memory["count"] = notes
        self.move(FILLED, RECYCLER, issue, notes)

    def count(self, place: str, issue: str = "") -> int:
        """Notes at a place: of one issue, or all."""
        held = self.places.get(place, {})
        return held.get(issue, 0) if issue else sum(held.values())

    def only(self, place: str) -> str:
        """The issue of a note there; empty when none is."""
        return next(iter(self.places.get(place, {})), "")

    def move(self, source: str, target: str, issue: str, notes: int = 1) -> None:
        """Notes go from one place to another; on disk when this returns."""
        if source in _SOURCES:
            self._add(source, issue, notes)  # a source counts what came from it
        elif self.count(source, issue) < notes:
            raise ValueError(f"not so many notes there: {source}")
        else:
            self._add(source, issue, -notes)
        self._add(target, issue, notes)
        self.save()

    def remember(self, **values: int) -> None:
        """What the device writes to its EEPROM; on disk with the next `move` or `save`."""
        self.memory.update(values)

    def save(self) -> None:
        """Write, fsync, rename, fsync the folder."""
        if self._file is None:
            return
        fresh = self._file.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump({"places": self.places, "memory": self.memory}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def by_face(self, place: str) -> dict[str, int]:
        """Notes by denomination (`note1000`), old and new issues together."""
        found: dict[str, int] = {}
        for issue, notes in self.places.get(place, {}).items():
            face = f"note{issue[1:-1]}"
            found[face] = found.get(face, 0) + notes
        return found

    def picture(self) -> dict[str, Any]:
        """All counts, for `state`."""
        return {"places": self.places, "memory": self.memory}

    def _add(self, place: str, issue: str, notes: int) -> None:
        held = self.places.setdefault(place, {})
        held[issue] = held.get(issue, 0) + notes
        if not held[issue]:
            del held[issue]
