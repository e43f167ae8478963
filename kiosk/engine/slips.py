"""Which small paper is printed when: the engine's side of kiosk.slips. Pure."""

from __future__ import annotations

from kiosk import slips
from kiosk.engine.state import LineStage, Turn
from kiosk.ids import OpId
from kiosk.journal.accounts import Account
from kiosk.journal.records import OwedOnSlip
from kiosk.money import Yen
from kiosk.ports import PrintSlip


def _say(turn: Turn) -> slips.Languages:
    texts = turn.state.setup.texts
    language = turn.state.manners.language
    other = texts.get(language) if language != "ja" else None
    return slips.Languages(texts.get("ja", str), other)


def _heading(turn: Turn, number: str) -> slips.Heading:
    return slips.Heading(turn.state.setup.issuer, number, turn.state.wall)


def receipt(turn: Turn, op: OpId, account: Account) -> PrintSlip:
    """領収書 over what was printed and booked; what failed is not on it."""
    fees: dict[tuple[str, int], int] = {}
    for line in turn.session.lines:
        if line.stage is LineStage.PRINTED:
            fees[(line.kind, line.fee.value)] = fees.get((line.kind, line.fee.value), 0) + 1
    rows = tuple(slips.FeeLine(kind, Yen(fee), copies) for (kind, fee), copies in fees.items())
    slip = slips.receipt(_say(turn), _heading(turn, account.number), rows, account.inserted.total)
    return PrintSlip(op, turn.state.setup.receipt_printer, slip)


def owed_slip(turn: Turn, record: OwedOnSlip) -> PrintSlip:
    """お預かり票: the amount, the transaction's number, what to do next."""
    account = turn.state.ledger.accounts.get(record.transaction)
    number = account.number if account is not None else turn.session.number
    slip = slips.owed(_say(turn), _heading(turn, number), record.amount, record.reason, record.slip)
    return PrintSlip(OpId(turn.token()), turn.state.setup.receipt_printer, slip)


def doubt_slip(turn: Turn, amount: Yen | None, code: str) -> PrintSlip:
    """Held because nobody knows whether the paper came out: the same paper, staff decide."""
    slip = slips.owed(_say(turn), _heading(turn, turn.session.number), amount, "unknown", code)
    return PrintSlip(OpId(turn.token()), turn.state.setup.receipt_printer, slip)
