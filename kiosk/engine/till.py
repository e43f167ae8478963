"""What the engine knows of the money at this moment: the account of this visit, and what could be given. Pure."""

from __future__ import annotations

from kiosk.engine.state import LineStage, Turn
from kiosk.journal.accounts import Account
from kiosk.money import NO_CASH, Cash, Denomination, Yen
from kiosk.ports import HopperRead

HELD_CODES = ("M-402", "M-405")
"""Troubles in which the resident's money lies inside and waits for her."""


def account_of(turn: Turn) -> Account | None:
    """The ledger's account of this session's transaction; None before it is opened."""
    session = turn.state.session
    return turn.state.ledger.accounts.get(session.transaction) if session else None


def has_free_money(turn: Turn) -> bool:
    """Held for this visit, and not on its way."""
    account = account_of(turn)
    return account is not None and bool(account.held)


def is_held(turn: Turn) -> bool:
    """The trouble is that money waits for its owner: it ends by giving it back, not by a touch on 「わかりました」."""
    return turn.session.trouble in HELD_CODES and has_free_money(turn)


def held_in_doubt(turn: Turn) -> Yen:
    """Fees of lines of which nobody knows whether they came out: held until a person says."""
    return Yen.sum(line.fee for line in turn.session.lines if line.stage is LineStage.IN_DOUBT)


def stock(turn: Turn) -> Cash:
    """Pieces that change may be planned with: counted hoppers that answer and have no fault."""
    found = NO_CASH
    for read in payers(turn):
        there = turn.state.ledger.stock([read.device])
        if (
            read.count >= 0 and read.device not in turn.state.unread
        ):  # it counts itself: the smaller of its word and ours
            there = Cash({face: min(count, read.count) for face, count in there.items()})
        found += there
    return found


def notes_in_doubt(turn: Turn) -> Yen:
    """Faces of notes of which nobody knows whether they are in."""
    account = account_of(turn)
    return account.note_doubt if account is not None else Yen(0)


def has_open_notes(turn: Turn) -> bool:
    """A note of this visit may still turn out to be in, or not."""
    account = account_of(turn)
    return account is not None and any(
        each.transaction == account.transaction and not each.is_credited
        for each in turn.state.ledger.notes.values()
    )


def payers(turn: Turn) -> tuple[HopperRead, ...]:
    """Units that can pay now: they answer and have no fault. A box goes with its note unit."""
    state = turn.state
    bad = {device for device, _ in state.faults}
    notes_are_bad = state.setup.note_acceptor in bad
    known = {hopper.device for hopper in state.setup.hoppers}
    return tuple(
        read
        for read in state.hoppers
        if read.device in known - bad and not (read.denomination.is_note and notes_are_bad)
    )


def recycled(turn: Turn) -> tuple[Denomination, ...]:
    """Coins that the sorter sends to a hopper which can pay them out again: it answers, has no fault, is not full.
    A note proves nothing of where it will lie: its unit decides that by its issue. In a change machine it does."""
    return tuple(
        read.denomination
        for read in payers(turn)
        if not read.is_high and (turn.state.setup.has_changer or not read.denomination.is_note)
    )
