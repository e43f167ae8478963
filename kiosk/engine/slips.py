"""Which small paper is printed when: the engine's side of kiosk.slips. Pure."""

from __future__ import annotations

from kiosk import slips
from kiosk.engine.state import LineStage, Turn
from kiosk.engine.voiding import brand_of
from kiosk.ids import OpId
from kiosk.journal.accounts import CASH, Account
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
    rows = _fee_rows(turn)
    slip = slips.receipt(_say(turn), _heading(turn, account.number), rows, account.inserted.total)
    return PrintSlip(op, turn.state.setup.receipt_printer, slip)


def _fee_rows(turn: Turn) -> tuple[slips.FeeLine, ...]:
    fees: dict[tuple[str, int], int] = {}
    for line in turn.session.lines:
        if line.stage is LineStage.PRINTED:
            fees[(line.kind, line.fee.value)] = fees.get((line.kind, line.fee.value), 0) + 1
    taxes = turn.state.setup.taxes
    return tuple(
        slips.FeeLine(kind, Yen(fee), copies, taxes.get(kind, 0)) for (kind, fee), copies in fees.items()
    )


def statement(turn: Turn, op: OpId, account: Account) -> PrintSlip:
    """利用明細 over what was printed and booked: paid cashless, so it is no 領収書."""
    payment = account.payment
    paid = slips.Paid(
        _brand_name(turn, payment.means if payment is not None else ""),
        account.charged,
        payment.reference if payment is not None else "",
    )
    slip = slips.statement(_say(turn), _heading(turn, account.number), _fee_rows(turn), paid)
    return PrintSlip(op, turn.state.setup.receipt_printer, slip)


def void_slip(turn: Turn, amount: Yen) -> PrintSlip:
    """取消: the payment was undone, nothing was issued."""
    name = _brand_name(turn, turn.session.means)
    slip = slips.voided(_say(turn), _heading(turn, turn.session.number), amount, name)
    return PrintSlip(OpId(turn.token()), turn.state.setup.receipt_printer, slip)


def _brand_name(turn: Turn, key: str) -> str:
    brand = brand_of(turn.state, key)
    return brand.name("ja") if brand is not None else key


def owed_slip(turn: Turn, record: OwedOnSlip) -> PrintSlip:
    """お預かり票: the amount, the transaction's number, what to do next."""
    account = turn.state.ledger.accounts.get(record.transaction)
    number = account.number if account is not None else turn.session.number
    if record.means != CASH and record.reason == "unknown":
        return _incomplete_slip(turn, record, number)
    slip = slips.owed(_say(turn), _heading(turn, number), record.amount, record.reason, record.slip)
    return PrintSlip(OpId(turn.token()), turn.state.setup.receipt_printer, slip)


def doubt_slip(turn: Turn, amount: Yen | None, code: str) -> PrintSlip:
    """Held because nobody knows whether the paper came out: the same paper, staff decide."""
    slip = slips.owed(_say(turn), _heading(turn, turn.session.number), amount, "unknown", code)
    return PrintSlip(OpId(turn.token()), turn.state.setup.receipt_printer, slip)


def _incomplete_slip(turn: Turn, record: OwedOnSlip, number: str) -> PrintSlip:
    """未了票: nobody can say whether it was taken; what was on the card before, and what the brand's rule says."""
    brand = brand_of(turn.state, record.means)
    going = (each for each in turn.state.ledger.cashless.values() if each.transaction == record.transaction)
    doubt = slips.Doubt(
        name=_brand_name(turn, record.means),
        amount=record.amount,
        balance=turn.session.balance,
        rule=brand.incomplete if brand is not None else "touch_again",
        reference=next((each.reference or each.op for each in going), ""),
    )
    slip = slips.incomplete(_say(turn), _heading(turn, number), doubt, record.slip)
    return PrintSlip(OpId(turn.token()), turn.state.setup.receipt_printer, slip)
