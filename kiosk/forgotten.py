"""Transactions that were abandoned: what comes late for them is nobody's (DESIGN §6)."""

from __future__ import annotations

from collections import OrderedDict

from kiosk.ids import TransactionId

_REMEMBERED = 1024
"""One resident makes one; an answer that is later than so many visits cannot be on its way any more."""


class Forgotten:
    """A bounded set, the newest kept."""

    def __init__(self) -> None:
        self._transactions: OrderedDict[TransactionId, None] = OrderedDict()

    def add(self, transaction: TransactionId) -> None:
        self._transactions[transaction] = None
        while len(self._transactions) > _REMEMBERED:
            self._transactions.popitem(last=False)

    def __contains__(self, transaction: object) -> bool:
        return transaction in self._transactions
