"""Physical truth: whose purse holds what, and what the terminal has written down. Durable before anything is answered;
outlives kiosk and simulator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from drivers.transport.sim.kept import Kept


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
        self._kept = Kept(folder, "world.json")
        self.cards: dict[str, int] = {name: PURSE if each.is_prepaid else 0 for name, each in BRANDS.items()}
        """Prepaid: what is left on it. Credit: what its owner owes, below zero."""
        self.transactions: list[dict[str, Any]] = []
        """In order. `key` (sale/service), `category`, `amount`, `brand`, `reference`, `response`, `is_charged`,
        `is_void`, `is_open` (処理未了)."""
        self.counted = 0
        """Transactions that the last reconciliation has closed."""
        kept = self._kept.read()
        if kept is not None:
            self.cards, self.transactions, self.counted = kept["cards"], kept["transactions"], kept["counted"]

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
        self._kept.write({"cards": self.cards, "transactions": self.transactions, "counted": self.counted})
