"""The ledger as a pure fold over the journal: one function per record, nothing else changes a balance.

`fold` is total: a record that should be impossible is named in `violations`, and ignored as far as money
would be made of nothing. Order is the journal's sequence; no clock is known here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from kiosk.errors import PeerProtocolError
from kiosk.ids import TransactionId
from kiosk.journal import cashless
from kiosk.journal import records as r
from kiosk.journal.accounts import (
    CASH,
    SHAPE,
    ZERO,
    Account,
    DayClose,
    Dispense,
    Incident,
    Ledger,
    Line,
    Print,
    ReceiptPrint,
    Receipts,
    ReportDue,
    Tested,
    Totals,
    Unit,
)
from kiosk.journal.balance import imbalances
from kiosk.journal.cashbook import (
    acceptor_epoch,
    coin_in,
    counter_moved,
    credits_unknown,
    dispense_advanced,
    dispense_intended,
    dispense_resolved,
    dispense_settled,
    owed_on_slip,
    payout_decided,
    payouts_of,
    put_account,
    put_unit,
    slip_redeemed,
    unit_of,
    without,
    wrong,
)
from kiosk.journal.exchange import exchange_ended, exchange_started, found_handed_over, found_registered
from kiosk.journal.notebook import (
    note_back,
    note_doubted,
    note_in,
    note_intended,
    note_resolved,
    note_stored,
)
from kiosk.plain import Codec

__all__ = ["EMPTY", "Account", "Ledger", "Line", "Unit", "decode", "encode", "fold", "imbalances"]

EMPTY = Ledger()
_CODEC: Codec[Ledger] = Codec(Ledger)


def fold(ledger: Ledger, seq: int, record: r.AnyRecord) -> Ledger:
    """The balances after `record`, whose sequence number is `seq`. Never raises."""
    rule = _RULES.get(type(record))
    if rule is None:
        return replace(ledger, seq=seq)
    ledger = replace(rule(ledger, seq, record), seq=seq)
    transaction = getattr(record, "transaction", None)
    if transaction is None or transaction not in ledger.accounts:
        return ledger
    return _touched(ledger, seq, transaction, type(record))


def encode(ledger: Ledger) -> bytes:
    """Canonical JSON, for checkpoints."""
    return _CODEC.encode(ledger)


def decode(data: bytes) -> Ledger:
    """The ledger; PeerProtocolError when it is none of this release's shape."""
    ledger = _CODEC.decode(data)
    if ledger.shape != SHAPE:
        raise PeerProtocolError("a ledger of another release")
    return ledger


def _touched(ledger: Ledger, seq: int, transaction: TransactionId, kind: type[r.Record]) -> Ledger:
    """Remember the record that moved this transaction last; let go of an account that nobody needs."""
    account = ledger.accounts[transaction]
    if kind not in _BESIDE:
        account = replace(account, last=kind.__name__, last_seq=seq)
    if account.is_settled:
        return replace(ledger, accounts=without(ledger.accounts, transaction))
    return replace(ledger, accounts={**ledger.accounts, transaction: account})


_BESIDE = {
    r.IncidentOpened,
    r.CreditsUnknown,
    r.ReceiptIntended,
    r.ReceiptSettled,
    r.PrintedReported,
    r.VoidReported,
}
"""Records that name a transaction without moving it on."""


# --- the machine --------------------------------------------------------------------------------------------


def _stock_set(ledger: Ledger, seq: int, record: r.StockSet) -> Ledger:
    before = unit_of(ledger, record.unit)
    counted = Unit(record.unit, initial=record.cash, accuracy="accurateSet")

    def recounted(each: Dispense) -> Dispense:
        if each.device != record.unit or each.is_recounted:
            return each  # what the first count after it was booked on, its end corrects
        return replace(each, is_recounted=True)

    return replace(
        put_unit(ledger, counted),
        float_amount=ledger.float_amount + record.cash.total - before.total,
        dispenses={op: recounted(each) for op, each in ledger.dispenses.items()},
        doubts={op: recounted(each) for op, each in ledger.doubts.items()},
    )


def _day_closed(ledger: Ledger, seq: int, record: r.DayClosed) -> Ledger:
    before = ledger.day.totals if ledger.day else Totals()
    if record.number != (ledger.day.number + 1 if ledger.day else record.number):
        ledger = wrong(ledger, seq, "a day was closed out of turn")
    return replace(
        ledger, day=DayClose(record.number, seq, totals=ledger.totals, before=before), credit_doubts=()
    )


def _incident_opened(ledger: Ledger, seq: int, record: r.IncidentOpened) -> Ledger:
    incident = Incident(record.incident, record.code, record.transaction, record.device, record.amount, seq)
    return replace(ledger, incidents={**ledger.incidents, record.incident: incident})


def _incident_closed(ledger: Ledger, seq: int, record: r.IncidentClosed) -> Ledger:
    if record.incident not in ledger.incidents:
        return wrong(ledger, seq, "an incident was closed that is not open")
    return replace(ledger, incidents=without(ledger.incidents, record.incident))


def _incident_noted(ledger: Ledger, seq: int, record: r.IncidentNoted) -> Ledger:
    known = ledger.incidents.get(record.incident)
    if known is None:
        return wrong(ledger, seq, "a note on an incident that is not open")
    noted = replace(known, notes=(*known.notes, record.note))
    return replace(ledger, incidents={**ledger.incidents, record.incident: noted})


# --- staff --------------------------------------------------------------------------------------------------


def _staff_entered(ledger: Ledger, seq: int, record: r.StaffEntered) -> Ledger:
    return replace(ledger, wrong_pins=without(ledger.wrong_pins, record.staff))


def _staff_refused(ledger: Ledger, seq: int, record: r.StaffRefused) -> Ledger:
    if record.reason not in ("pin", "code"):
        return ledger
    times = ledger.wrong_pins.get(record.staff, 0) + 1
    return replace(ledger, wrong_pins={**ledger.wrong_pins, record.staff: times})


def _seal_used(ledger: Ledger, seq: int, record: r.SealUsed) -> Ledger:
    if record.seal in ledger.seals_used:
        return wrong(ledger, seq, "a sealed code was used twice")
    wrong_pins = without(ledger.wrong_pins, "sealed-codes")
    return replace(ledger, seals_used=(*ledger.seals_used, record.seal), wrong_pins=wrong_pins)


def _visit_begun(ledger: Ledger, seq: int, record: r.VisitBegun) -> Ledger:
    return replace(ledger, is_visited=True)


def _visit_ended(ledger: Ledger, seq: int, record: r.VisitEnded) -> Ledger:
    return replace(ledger, is_visited=False)


def _staff_tested(ledger: Ledger, seq: int, record: r.StaffTested) -> Ledger:
    tests = {**ledger.tests, record.test: Tested(record.has_passed, record.staff, seq)}
    return replace(ledger, tests=tests, touch=record.touch or ledger.touch)


# --- transactions -------------------------------------------------------------------------------------------


def _opened(ledger: Ledger, seq: int, record: r.TransactionOpened) -> Ledger:
    if record.transaction in ledger.accounts:
        return wrong(ledger, seq, "a transaction was opened twice")
    lines = {
        each.line: Line(each.line, each.kind, each.fee, each.serial, each.pages) for each in record.lines
    }
    account = Account(record.transaction, record.number, record.due, lines, opened_seq=seq)
    totals = replace(ledger.totals, transactions=ledger.totals.transactions + 1)
    return replace(put_account(ledger, account), totals=totals)


def _line(ledger: Ledger, record: Any) -> tuple[Account, Line] | None:
    account = ledger.accounts.get(record.transaction)
    line = account.lines.get(record.line) if account else None
    return (account, line) if account and line else None


def _put_line(ledger: Ledger, account: Account, line: Line) -> Ledger:
    return put_account(ledger, replace(account, lines={**account.lines, line.line: line}))


def _commit_intended(ledger: Ledger, seq: int, record: r.CommitIntended) -> Ledger:
    if (found := _line(ledger, record)) is None:
        return wrong(ledger, seq, "a commit for no line")
    return _put_line(ledger, found[0], replace(found[1], is_commit_intended=True))


def _line_committed(ledger: Ledger, seq: int, record: r.LineCommitted) -> Ledger:
    if (found := _line(ledger, record)) is None:
        return wrong(ledger, seq, "a commit for no line")
    if not found[1].is_commit_intended:
        ledger = wrong(ledger, seq, "a commit without its intent")
    return _put_line(ledger, found[0], replace(found[1], is_commit_intended=True, is_committed=True))


def _print_intended(ledger: Ledger, seq: int, record: r.PrintIntended) -> Ledger:
    if (found := _line(ledger, record)) is None or record.op in ledger.prints:
        return wrong(ledger, seq, "a print for no line, or intended twice")
    if not found[1].is_committed or found[1].is_booked or found[1].is_voided:
        ledger = wrong(ledger, seq, "a print of a line that is not valid, or done with")
    intended = Print(record.op, record.transaction, record.line, record.device, record.pages, seq)
    return replace(ledger, prints={**ledger.prints, record.op: intended})


def _print_settled(ledger: Ledger, seq: int, record: r.PrintSettled) -> Ledger:
    if record.op not in ledger.prints:
        return wrong(ledger, seq, "a print was settled that is not open")
    ledger = replace(ledger, prints=without(ledger.prints, record.op))
    if (found := _line(ledger, record)) is None:
        return wrong(ledger, seq, "a print for no line")
    line = replace(found[1], print_outcome=record.outcome, pages_printed=record.pages)
    return _put_line(ledger, found[0], line)


def _line_booked(ledger: Ledger, seq: int, record: r.LineBooked) -> Ledger:
    """The only way from 預り (held) to 収納金 (receipts)."""
    if (found := _line(ledger, record)) is None or found[1].is_booked or found[1].is_voided:
        return wrong(ledger, seq, "no line to book: unknown, booked or voided")
    account, line = found
    if record.fee != line.fee or record.kind != line.kind:
        ledger = wrong(ledger, seq, "booked otherwise than ordered")
    if record.means == CASH:
        if account.held < record.fee:
            ledger = wrong(ledger, seq, "booked more than is held")
        account = replace(account, booked=account.booked + record.fee)
    else:
        if account.held_cashless < record.fee:
            ledger = wrong(ledger, seq, "booked more than was taken")
        account = replace(account, booked_cashless=account.booked_cashless + record.fee)
    ledger = _put_line(ledger, account, replace(line, means=record.means))
    return _report_due(_received(ledger, record), seq, record.transaction, line, "printed")


def _receipt_intended(ledger: Ledger, seq: int, record: r.ReceiptIntended) -> Ledger:
    account = ledger.accounts.get(record.transaction)
    if account is None or account.receipt or record.op in ledger.receipt_prints:
        return wrong(ledger, seq, "a receipt for no transaction, or intended twice")
    sent = ReceiptPrint(record.op, record.transaction, record.device, seq)
    ledger = put_account(ledger, replace(account, receipt="intended"))
    return replace(ledger, receipt_prints={**ledger.receipt_prints, record.op: sent})


def _receipt_settled(ledger: Ledger, seq: int, record: r.ReceiptSettled) -> Ledger:
    """The transaction is often closed by then, and nobody needs its account any more."""
    if record.op not in ledger.receipt_prints:
        return wrong(ledger, seq, "a receipt was settled that is not open")
    ledger = replace(ledger, receipt_prints=without(ledger.receipt_prints, record.op))
    account = ledger.accounts.get(record.transaction)
    return ledger if account is None else put_account(ledger, replace(account, receipt=record.outcome))


def _received(ledger: Ledger, record: r.LineBooked) -> Ledger:
    key = f"{record.kind}/{record.means}"
    before = ledger.totals.receipts.get(key) or Receipts(record.kind, record.means, 0, ZERO)
    after = replace(before, count=before.count + 1, amount=before.amount + record.fee)
    totals = replace(ledger.totals, receipts={**ledger.totals.receipts, key: after})
    return replace(ledger, totals=totals)


def _line_voided(ledger: Ledger, seq: int, record: r.LineVoided) -> Ledger:
    if (found := _line(ledger, record)) is None or found[1].is_booked or found[1].is_voided:
        return wrong(ledger, seq, "no line to void: unknown, booked or voided")
    ledger = _put_line(ledger, found[0], replace(found[1], void_reason=record.reason or "void"))
    ledger = replace(ledger, totals=replace(ledger.totals, voided=ledger.totals.voided + 1))
    return _report_due(ledger, seq, record.transaction, found[1], "void", record.reason)


def _report_due(
    ledger: Ledger, seq: int, transaction: TransactionId, line: Line, what: str, reason: str = ""
) -> Ledger:
    due = ReportDue(transaction, line.line, what, reason, seq, line.serial, line.pages)
    return replace(ledger, reports={**ledger.reports, line.line: due})


def _reported(ledger: Ledger, seq: int, record: r.PrintedReported | r.VoidReported) -> Ledger:
    """Acknowledged. A second acknowledgement of the same line is nothing new."""
    return replace(ledger, reports=without(ledger.reports, record.line))


def _closed(ledger: Ledger, seq: int, record: r.TransactionClosed) -> Ledger:
    account = ledger.accounts.get(record.transaction)
    if account is None or not account.is_open:
        return wrong(ledger, seq, "a transaction was closed that is not open")
    if account.held or account.held_cashless:
        ledger = wrong(ledger, seq, "a transaction was closed while money is held for it")
    going = [each.transaction for each in ledger.dispenses.values()]
    going += [each.transaction for each in ledger.cashless.values() if not each.is_unknown]
    going += [each.transaction for each in ledger.prints.values()]
    going += [each.transaction for each in ledger.notes.values() if not each.is_credited]
    if record.transaction in going:
        ledger = wrong(ledger, seq, "a transaction was closed while an operation is open")
    if any(each.open for each in payouts_of(ledger, record.transaction)):
        ledger = wrong(ledger, seq, "a transaction was closed while a payout is open")
    return put_account(ledger, replace(account, result=record.result or "closed"))


def _owed_on_slip(ledger: Ledger, seq: int, record: r.OwedOnSlip) -> Ledger:
    rule = owed_on_slip if record.means == CASH else cashless.owed_on_slip
    return rule(ledger, seq, record)


_Rule = Callable[[Ledger, int, Any], Ledger]
_RULES: dict[type[r.Record], _Rule] = {
    r.StockSet: _stock_set,
    r.DayClosed: _day_closed,
    r.IncidentOpened: _incident_opened,
    r.IncidentNoted: _incident_noted,
    r.IncidentClosed: _incident_closed,
    r.StaffEntered: _staff_entered,
    r.StaffRefused: _staff_refused,
    r.SealUsed: _seal_used,
    r.StaffTested: _staff_tested,
    r.VisitBegun: _visit_begun,
    r.VisitEnded: _visit_ended,
    r.ExchangeStarted: exchange_started,
    r.ExchangeEnded: exchange_ended,
    r.FoundRegistered: found_registered,
    r.FoundHandedOver: found_handed_over,
    r.TransactionOpened: _opened,
    r.CoinIn: coin_in,
    r.NoteIntended: note_intended,
    r.NoteIn: note_in,
    r.NoteStored: note_stored,
    r.NoteBack: note_back,
    r.NoteDoubted: note_doubted,
    r.NoteResolved: note_resolved,
    r.AcceptorEpoch: acceptor_epoch,
    r.CounterMoved: counter_moved,
    r.CreditsUnknown: credits_unknown,
    r.PayoutDecided: payout_decided,
    r.DispenseIntended: dispense_intended,
    r.DispenseAdvanced: dispense_advanced,
    r.DispenseSettled: dispense_settled,
    r.DispenseResolved: dispense_resolved,
    r.OwedOnSlip: _owed_on_slip,
    r.SlipRedeemed: slip_redeemed,
    r.PaymentIntended: cashless.payment_intended,
    r.PaymentSettled: cashless.payment_settled,
    r.PaymentResolved: cashless.payment_resolved,
    r.ReversalIntended: cashless.reversal_intended,
    r.ReversalSettled: cashless.reversal_settled,
    r.ReversalResolved: cashless.reversal_resolved,
    r.CommitIntended: _commit_intended,
    r.LineCommitted: _line_committed,
    r.PrintIntended: _print_intended,
    r.PrintSettled: _print_settled,
    r.LineBooked: _line_booked,
    r.ReceiptIntended: _receipt_intended,
    r.ReceiptSettled: _receipt_settled,
    r.PrintedReported: _reported,
    r.LineVoided: _line_voided,
    r.VoidReported: _reported,
    r.TransactionClosed: _closed,
}
"""Started, Stopped, Checkpoint, what a terminal counted and who of the staff leaves change no balance."""
