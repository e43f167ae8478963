"""What became of a payout: a judgement over counters, never over messages. Pure.

A hopper's event counter (headers 167, 166) moves by one for each dispense it took, also for one it refuses on
some devices (Flow p.18); 0 means a reset. Header 166 tells what the last payout paid, and survives a power
failure. Header 168 counts every piece for life. `unpaid` is not used: when it is set differs between devices
(Flow p.16-18), and we know what we asked for.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.cctalk.messages import LIFETIME_RANGE, HopperStatus, next_counter
from kiosk.ids import OpId
from kiosk.ports import Outcome

NO_LIFETIME = -1
"""The device has no header 168."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The counters as they stood before: they lie in the intent."""

    counter: int
    lifetime: int


class Stage(enum.Enum):
    CHECKING = "checking"
    """Nothing irreversible has been sent."""
    WATCHING = "watching"
    """The command is out, or was in an earlier life: counters decide."""
    CLOSING = "closing"
    """It has stopped; the last evidence is being read."""


@dataclass(slots=True)
class OpenPayout:
    """One payout in hand. Times: `since` the command left, `heard` the last answer, `moved` the last
    change."""

    op: OpId
    asked: int
    before: Evidence
    serial: str
    since: float
    heard: float
    moved: float
    stage: Stage = Stage.CHECKING
    status: HopperStatus | None = None
    is_stopped: bool = False

    @property
    def proven(self) -> int:
        """Pieces known to be out; only the counter of our own payout proves any."""
        if self.status is None or self.status.counter != next_counter(self.before.counter):
            return 0
        return min(self.status.paid, self.asked)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`paid` is proven. `is_doubtful`: the two counters do not agree, somebody should look."""

    outcome: Outcome
    paid: int
    code: str = ""
    is_doubtful: bool = False


def judge(asked: int, before: Evidence, now: HopperStatus, lifetime: int) -> Verdict:
    """The verdict over a hopper that is not paying any more. At most one dispense of ours lies between."""
    moved = _moved(before.lifetime, lifetime)
    if now.counter == next_counter(before.counter):
        return _ours(asked, now.paid, moved)
    if now.counter == 0:
        return _after_reset(asked, before, now, moved)
    if now.counter == before.counter:
        return _not_taken(moved)
    return Verdict(Outcome.UNKNOWN, 0, "counter-jumped")


def _ours(asked: int, paid: int, moved: int | None) -> Verdict:
    is_doubtful = moved is not None and moved != paid
    if paid > asked:
        return Verdict(Outcome.UNKNOWN, asked, "overpaid", is_doubtful=True)
    if paid == asked:
        return Verdict(Outcome.CONFIRMED, paid, "", is_doubtful)
    return Verdict(Outcome.PARTIAL if paid else Outcome.REFUSED, paid, "short", is_doubtful)


def _not_taken(moved: int | None) -> Verdict:
    """The command never arrived: the same counter, and not one piece more in its life."""
    if moved:
        return Verdict(Outcome.UNKNOWN, 0, "counts-disagree", is_doubtful=True)
    return Verdict(Outcome.REFUSED, 0, "not-received")


def _after_reset(asked: int, before: Evidence, now: HopperStatus, moved: int | None) -> Verdict:
    """Only two witnesses that agree prove anything: what the device kept of its last payout, and its life's
    count. They may both speak of an older payout, so with nothing moved the older one must not look like
    ours."""
    if moved is None or moved > asked:
        return Verdict(Outcome.UNKNOWN, 0, "reset")
    if moved == now.paid and moved > 0:
        return Verdict(Outcome.CONFIRMED if moved == asked else Outcome.PARTIAL, moved, "reset")
    was_reset_before = before.counter == 0
    looks_like_ours = now.paid > 0 and now.paid + now.unpaid == asked
    if moved == 0 and (now.paid == 0 or (was_reset_before and not looks_like_ours)):
        return Verdict(Outcome.REFUSED, 0, "not-received" if was_reset_before else "reset")
    return Verdict(Outcome.UNKNOWN, min(moved, now.paid, asked), "reset", is_doubtful=True)


def _moved(before: int, now: int) -> int | None:
    if NO_LIFETIME in (before, now):
        return None
    return (now - before) % LIFETIME_RANGE
