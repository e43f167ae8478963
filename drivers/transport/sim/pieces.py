"""Physical truth: how many pieces lie where. Durable before a device tells of it; outlives kiosk and simulator.

Pieces are never made or lost here: they come from outside (`inserted`, `filled`) and go outside.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drivers.transport.sim.kept import Kept

INSERTED, FILLED, TAKEN, EMPTIED = "inserted", "filled", "taken", "emptied"
CASHBOX = "cashbox"
_SOURCES = (INSERTED, FILLED)


class Pieces:
    """Counts by place and kind of piece (`JP100A`, `N1000F`), and what the devices keep without power (`memory`)."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` None: no disk, for pure tests. `is_new` says whether there was nothing yet."""
        self.places: dict[str, dict[str, int]] = {}
        self.memory: dict[str, Any] = {}
        self._kept = Kept(folder, "world.json")
        kept = self._kept.read()
        self.is_new = kept is None
        if kept is not None:
            self.places, self.memory = kept["places"], kept["memory"]

    def count(self, place: str, kind: str = "") -> int:
        """Pieces at a place: of one kind, or all."""
        held = self.places.get(place, {})
        return held.get(kind, 0) if kind else sum(held.values())

    def only(self, place: str) -> str:
        """The kind of a piece there; empty when none is."""
        return next(iter(self.places.get(place, {})), "")

    def move(self, source: str, target: str, kind: str, pieces: int = 1, *, is_last: bool = True) -> None:
        """Pieces go from one place to another; on disk when this returns, unless more is to come (`is_last`)."""
        if source in _SOURCES:
            self._add(source, kind, pieces)  # a source counts what came from it
        elif self.count(source, kind) < pieces:
            raise ValueError(f"not so many pieces there: {source}")
        else:
            self._add(source, kind, -pieces)
        self._add(target, kind, pieces)
        if is_last:
            self.save()

    def save(self) -> None:
        self._kept.write({"places": self.places, "memory": self.memory})

    def face_of(self, kind: str) -> str:
        """The denomination of a kind of piece: `coin500`, `note1000`."""
        raise NotImplementedError

    def by_face(self, place: str) -> dict[str, int]:
        """Pieces by denomination, old and new issues together."""
        found: dict[str, int] = {}
        for kind, pieces in self.places.get(place, {}).items():
            face = self.face_of(kind)
            found[face] = found.get(face, 0) + pieces
        return found

    def picture(self) -> dict[str, Any]:
        """All counts, for `state`."""
        return {"places": self.places, "memory": self.memory}

    def _add(self, place: str, kind: str, pieces: int) -> None:
        held = self.places.setdefault(place, {})
        held[kind] = held.get(kind, 0) + pieces
        if not held[kind]:
            del held[kind]
