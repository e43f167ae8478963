"""What the engine knows of the money at this moment: the account of this visit, and what could be given. Pure."""

from __future__ import annotations

from kiosk.engine.state import LineStage, Turn
from kiosk.journal.accounts import Account
from kiosk.money import Cash, Denomination, Yen

HELD_CODES = ("M-402", "M-405")
"""Troubles in which the resident's money lies inside and waits for her."""


def account_of(turn: Turn) -> Account | None:
    """The ledger's account of this session's transaction; None before it is opened."""
    session = turn.state.session
    return turn.state.ledger.accounts.get(session.transaction) if session else None


def held_in_doubt(turn: Turn) -> Yen:
    """Fees of lines of which nobody knows whether they came out: held until a person says."""
    return Yen.sum(line.fee for line in turn.session.lines if line.stage is LineStage.IN_DOUBT)


def stock(turn: Turn) -> Cash:
    """Pieces that change may be planned with: counted hoppers that answer and have no fault."""
    state = turn.state
    told = {read.device for read in state.hoppers}
    bad = {device for device, _ in state.faults}
    usable = [hopper.device for hopper in state.setup.hoppers if hopper.device in told - bad]
    return state.ledger.stock(usable)


def recycled(turn: Turn) -> tuple[Denomination, ...]:
    """Faces that the sorter sends to a hopper which can pay them out again: it answers, has no fault, is not full."""
    bad = {device for device, _ in turn.state.faults}
    return tuple(
        read.denomination for read in turn.state.hoppers if read.device not in bad and not read.is_high
    )
