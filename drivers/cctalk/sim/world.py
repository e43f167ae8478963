"""Physical truth: how many coins lie where. Durable before a device tells of it; outlives kiosk and
simulator.

Coins are never made or lost here: they come from outside (`inserted`, `filled`) and go outside (`taken`,
`emptied`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CASHBOX = "cashbox"
RETURN_TRAY = "return-tray"
PAYOUT_TRAY = "payout-tray"
INSERTED, FILLED, TAKEN, EMPTIED = "inserted", "filled", "taken", "emptied"
_SOURCES = (INSERTED, FILLED)


class World:
    """Counts of pieces by place and coin id, and what the devices keep without power."""

    def __init__(self, folder: Path, hoppers: Iterable[tuple[str, str]], pieces: int) -> None:
        self._file = folder / "world.json"
        folder.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            kept = json.loads(self._file.read_text())
            self.places: dict[str, dict[str, int]] = kept["places"]
            self.memory: dict[str, dict[str, int]] = kept["memory"]
            return
        self.places = {}
        self.memory = {}
        for hopper, coin in hoppers:
            self.move(FILLED, hopper, coin, pieces, is_last=False)
        self.save()

    def count(self, place: str, coin: str = "") -> int:
        """Pieces at a place: of one coin, or all."""
        held = self.places.get(place, {})
        return held.get(coin, 0) if coin else sum(held.values())

    def move(self, source: str, target: str, coin: str, pieces: int = 1, *, is_last: bool = True) -> None:
        """Pieces go from one place to another; on disk when this returns, unless more is to come
        (`is_last`)."""
        if source in _SOURCES:
            self._add(source, coin, pieces)  # a source counts what came from it
        elif self.count(source, coin) < pieces:
            raise ValueError(f"not so many coins there: {source}")
        else:
            self._add(source, coin, -pieces)
        self._add(target, coin, pieces)
        if is_last:
            self.save()

    def remember(self, device: str, **values: int) -> None:
        """What a device writes to its EEPROM; on disk with the next `save`."""
        self.memory.setdefault(device, {}).update(values)

    def recall(self, device: str, name: str, default: int = 0) -> int:
        return self.memory.get(device, {}).get(name, default)

    def save(self) -> None:
        """Write, fsync, rename, fsync the folder."""
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
        """Pieces by denomination (`coin500`), old and new issues together."""
        found: dict[str, int] = {}
        for coin, pieces in self.places.get(place, {}).items():
            face = f"coin{int(coin[2:5])}"
            found[face] = found.get(face, 0) + pieces
        return found

    def picture(self) -> dict[str, Any]:
        """All counts, for `state`."""
        return {"places": self.places, "memory": self.memory}

    def _add(self, place: str, coin: str, pieces: int) -> None:
        held = self.places.setdefault(place, {})
        held[coin] = held.get(coin, 0) + pieces
        if not held[coin]:
            del held[coin]
