"""A change machine (自動釣銭機), in UnifiedPOS's words: deposits, change, counts. For units that hide behind one box.

Order: BeginDeposit, (PauseDeposit), FixDeposit, EndDeposit. What comes out of order is answered by `ChangerRefused`,
and nothing moves. An operation (`op`) is carried out at most once, however often it comes; its end is one event.
"""

from __future__ import annotations

import enum

from kiosk.ids import DeviceId, OpId
from kiosk.money import Cash, Denomination, Yen
from kiosk.ports.base import Command, Event, Outcome


class EndAction(enum.Enum):
    """How a deposit ends (UnifiedPOS endDeposit)."""

    CHANGE = "change"
    """Accepted; more came in than is due, DispenseChange follows."""
    NOCHANGE = "nochange"
    """Accepted."""
    REPAY = "repay"
    """All of it goes back: the same pieces where there is an escrow, else the same faces."""


class DeviceStatus(enum.Enum):
    """UnifiedPOS DeviceStatus."""

    OK = "ok"
    EMPTY = "empty"
    NEAREMPTY = "nearempty"
    JAM = "jam"


class FullStatus(enum.Enum):
    """UnifiedPOS FullStatus."""

    OK = "ok"
    FULL = "full"
    NEARFULL = "nearfull"


class DepositStarted(Event, frozen=True):
    """Money may be put in: only these faces."""

    op: OpId
    device: DeviceId
    faces: tuple[Denomination, ...]


class DepositCounted(Event, frozen=True):
    """DepositCounts so far, all of them: told again it is the same, never more than what is in. What is told is
    credited, and stays in the machine whatever happens, till EndDeposit(REPAY): a machine that opens its escrow when
    power goes tells nothing before FixDeposit."""

    op: OpId
    device: DeviceId
    counts: Cash


class DepositPaused(Event, frozen=True):
    """`is_paused`: nothing can be put in for now; else it goes on."""

    op: OpId
    device: DeviceId
    is_paused: bool


class DepositFixed(Event, frozen=True):
    """Frozen: `counts` do not change any more, and nothing is taken."""

    op: OpId
    device: DeviceId
    counts: Cash


class DepositEnded(Event, frozen=True):
    """`accepted` is the machine's now, `repaid` is the person's again; UNKNOWN: what is in neither is in doubt."""

    op: OpId
    device: DeviceId
    action: EndAction
    outcome: Outcome
    accepted: Cash
    repaid: Cash


class DepositRead(Event, frozen=True):
    """The deposit that is open, or else the last one, and its DepositCounts. `op` empty: the machine knows of none, or
    was without power and has forgotten. `is_fixed`: it takes nothing more, and waits for its end."""

    op: OpId
    device: DeviceId
    counts: Cash
    is_open: bool
    is_fixed: bool


class CashDispensed(Event, frozen=True):
    """`paid` went out of `asked`. PARTIAL: no more came. UNKNOWN: `paid` is what is proven. Never more than asked
    (UnifiedPOS OVER_DISPENSE is UNKNOWN to us, with `code` over-dispense)."""

    op: OpId
    device: DeviceId
    outcome: Outcome
    asked: Yen
    paid: Cash
    code: str = ""


class CashCountsRead(Event, frozen=True):
    """What the machine says it holds. `is_discrepant`: it knows that this may not be so (UnifiedPOS: Discrepancy)."""

    device: DeviceId
    counts: Cash
    is_discrepant: bool


class ChangerStatus(Event, frozen=True):
    """Told when it changes, and after each arrival."""

    device: DeviceId
    status: DeviceStatus
    full: FullStatus


class ChangerRefused(Event, frozen=True):
    """A verb that cannot be now: `order`, `busy`, `jam`, `away`. Nothing has moved."""

    op: OpId
    device: DeviceId
    verb: str
    code: str


class BeginDeposit(Command, frozen=True):
    """Open for these faces."""

    op: OpId
    device: DeviceId
    faces: tuple[Denomination, ...]


class PauseDeposit(Command, frozen=True):
    """Pause, or (`is_paused` False) restart."""

    op: OpId
    device: DeviceId
    is_paused: bool


class FixDeposit(Command, frozen=True):
    op: OpId
    device: DeviceId


class EndDeposit(Command, frozen=True):
    op: OpId
    device: DeviceId
    action: EndAction


class DispenseChange(Command, frozen=True):
    """Pay this amount, in pieces of the machine's choice. Its intent is durable before it is sent; never sent twice."""

    op: OpId
    device: DeviceId
    amount: Yen


class DispenseCash(Command, frozen=True):
    """Pay these very pieces."""

    op: OpId
    device: DeviceId
    counts: Cash


class ReadDeposit(Command, frozen=True):
    """After a restart: what became of the deposit? Reads only, ends in DepositRead. One that is open goes on under its
    name."""

    device: DeviceId


class ResolveCash(Command, frozen=True):
    """After a restart: what became of this payout? Reads only: `before` are the counts of its intent, at least of the
    faces that were asked for; they alone are compared."""

    op: OpId
    device: DeviceId
    asked: Cash
    before: Cash


class ReadCashCounts(Command, frozen=True):
    device: DeviceId
