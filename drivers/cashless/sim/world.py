"""Physical truth: whose purse holds what, and what the terminal has written down. Durable before anything is answered;
outlives kiosk and simulator."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True)
class Brand:
    """How a brand behaves at a terminal."""

    is_prepaid: bool
    void: str
    """`never`; `last` (the terminal's last transaction, the card unused since, the card touched again); `touch` (the
    card touched again); `host` (without the card)."""


BRANDS: Final = {
    "edy": Brand(True, "never"),
    "nanaco": Brand(True, "never"),
    "waon": Brand(True, "touch"),
    "transit": Brand(True, "last"),
    "id": Brand(False, "host"),
    "quicpay": Brand(False, "host"),
    "credit": Brand(False, "host"),
}
PURSE: Final = 3000
"""What is on each prepaid card at first."""


class World:
    """Cards and transactions. Yen are never made here: what leaves a card is in a transaction, and the other way."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` None: no disk, for pure tests."""
        self._file = folder / "world.json" if folder is not None else None
        self.cards: dict[str, int] = {name: PURSE if each.is_prepaid else 0 for name, each in BRANDS.items()}
        """Prepaid: what is left on it. Credit: what its owner owes, below zero."""
        self.transactions: list[dict[str, Any]] = []
        """In order. `key` (sale/service), `category`, `amount`, `brand`, `reference`, `response`, `is_charged`,
        `is_void`, `is_open` (処理未了)."""
        self.counted = 0
        """Transactions that the last reconciliation has closed."""
        if folder is not None and self._file is not None:
            folder.mkdir(parents=True, exist_ok=True)
            if self._file.exists():
                kept = json.loads(self._file.read_text())
                self.cards, self.transactions, self.counted = (
                    kept["cards"],
                    kept["transactions"],
                    kept["counted"],
                )

    def find(self, key: str) -> dict[str, Any] | None:
        return next((each for each in self.transactions if each["key"] == key), None)

    def by_reference(self, reference: str) -> dict[str, Any] | None:
        return next(
            (e for e in self.transactions if e["reference"] == reference and e["category"] == "Payment"), None
        )

    def charge(self, transaction: dict[str, Any]) -> None:
        self.cards[transaction["brand"]] -= transaction["amount"]
        transaction["is_charged"] = True

    def void(self, transaction: dict[str, Any]) -> None:
        self.cards[transaction["brand"]] += transaction["amount"]
        transaction["is_void"] = True

    @property
    def taken(self) -> dict[str, int]:
        """Yen that were truly taken and not given back, by brand."""
        found: dict[str, int] = {}
        for each in self.transactions:
            if each["category"] == "Payment" and each["is_charged"] and not each["is_void"]:
                found[each["brand"]] = found.get(each["brand"], 0) + each["amount"]
        return found

    def save(self) -> None:
        """Write, fsync, rename, fsync the folder."""
        if self._file is None:
            return
        fresh = self._file.with_suffix(".new")
        kept = {"cards": self.cards, "transactions": self.transactions, "counted": self.counted}
        with fresh.open("w") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
