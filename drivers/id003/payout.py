"""What became of a payout: a judgement over two witnesses, never over messages alone. Pure.

No counter protects 4A. The witnesses are the count of the box (A2) before and after, and the notes that the device
said were out (PAY VALID), each of which it held until its number was durable. A note that left the box and was not
said to be out may be in the path, in the cash box, or in a hand.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from kiosk.ids import OpId
from kiosk.ports import Outcome


class Stage(enum.Enum):
    CHECKING = "checking"
    """Nothing irreversible has been sent."""
    WATCHING = "watching"
    """The command is out, or was in an earlier life."""
    CLOSING = "closing"
    """It has stopped; the last count is being read."""


@dataclass(slots=True)
class OpenPayout:
    """One payout in hand. `paid`: notes said to be out; `durable`: how many of them the core has recorded. Times:
    `since` the command left, `heard` the last answer, `moved` the last change."""

    op: OpId
    box: int
    asked: int
    before: int
    identity: str
    since: float
    heard: float
    moved: float
    stage: Stage = Stage.CHECKING
    paid: int = 0
    durable: int = 0
    has_run: bool = False
    """The device was seen paying, so it took the command."""
    is_valid: bool = False
    """PAY VALID stands: the number of this note is told and may not be durable yet."""
    is_unsure: bool = False
    """It began in an earlier life: a PAY VALID now may be of a note that is counted already."""
    is_presented: bool = False
    is_retracting: bool = False
    is_stopped: bool = False
    code: str = ""
    """What went wrong on the way."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`paid` is proven. `is_doubtful`: the witnesses do not agree, somebody should look."""

    outcome: Outcome
    paid: int
    code: str = ""
    is_doubtful: bool = False


def judge(asked: int, paid: int, before: int, now: int, code: str = "") -> Verdict:
    """The verdict over a box that is not paying any more."""
    moved = before - now
    if moved != paid or paid > asked:
        return Verdict(Outcome.UNKNOWN, min(paid, asked), code or "counts-disagree", is_doubtful=True)
    if paid == asked:
        return Verdict(Outcome.CONFIRMED, paid, code)
    if paid:
        return Verdict(Outcome.PARTIAL, paid, code or "short")
    return Verdict(Outcome.REFUSED, 0, code or "not-received")
