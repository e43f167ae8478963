"""Physical truth of the coin unit: how many coins lie where, by coin id (`JP100A`)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from drivers.transport.sim.pieces import CASHBOX, EMPTIED, FILLED, INSERTED, TAKEN, Pieces

__all__ = ["CASHBOX", "EMPTIED", "FILLED", "INSERTED", "PAYOUT_TRAY", "RETURN_TRAY", "TAKEN", "World"]

RETURN_TRAY = "return-tray"
PAYOUT_TRAY = "payout-tray"


class World(Pieces):
    """Counts of coins, and each device's EEPROM."""

    def __init__(self, folder: Path | None, hoppers: Iterable[tuple[str, str]], pieces: int) -> None:
        super().__init__(folder)
        if self.is_new:
            for hopper, coin in hoppers:
                self.move(FILLED, hopper, coin, pieces, is_last=False)
            self.save()

    def remember(self, device: str, **values: int) -> None:
        """What a device writes to its EEPROM; on disk with the next `save`."""
        self.memory.setdefault(device, {}).update(values)

    def recall(self, device: str, name: str, default: int = 0) -> int:
        found: int = self.memory.get(device, {}).get(name, default)
        return found

    def face_of(self, kind: str) -> str:
        return f"coin{int(kind[2:5])}"
