"""Physical truth of the note unit: how many notes lie where, by issue (`N1000F`).

Notes go outside to `returned`, `taken`, `emptied` and `pulled-out`.
"""

from __future__ import annotations

from pathlib import Path

from drivers.transport.sim.pieces import CASHBOX, EMPTIED, FILLED, INSERTED, TAKEN, Pieces

__all__ = [
    "BEZEL",
    "CASHBOX",
    "EMPTIED",
    "FILLED",
    "HEAD",
    "INSERTED",
    "PATH",
    "PULLED_OUT",
    "RECYCLER",
    "RETURNED",
    "STACKER",
    "TAKEN",
    "World",
]

HEAD, STACKER, RECYCLER, PATH, BEZEL = "head", "stacker", "recycler1000", "path", "bezel"
RETURNED, PULLED_OUT = "returned", "pulled-out"


class World(Pieces):
    """Counts of notes, and the device's EEPROM."""

    def __init__(self, folder: Path | None, issue: str, notes: int) -> None:
        super().__init__(folder)
        if self.is_new:
            self.memory["count"] = notes
            self.move(FILLED, RECYCLER, issue, notes)

    def remember(self, **values: int) -> None:
        """What the device writes to its EEPROM; on disk with the next `move` or `save`."""
        self.memory.update(values)

    def face_of(self, kind: str) -> str:
        return f"note{kind[1:-1]}"
