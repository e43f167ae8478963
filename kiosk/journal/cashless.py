"""The rules of cashless money: payments, voids, their doubts, and slips for them. Part of the ledger's fold, pure.

Nothing of it lies in our units: it never meets the cash of `cashbook`, and is never given back as cash.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiosk.ids import TransactionId
from kiosk.journal import records as r
from kiosk.journal.accounts import CASH, ZERO, Cashless, Ledger, Slip
from kiosk.journal.cashbook import put_account, without, wrong
from kiosk.money import Yen


def payment_intended(ledger: Ledger, seq: int, record: r.PaymentIntended) -> Ledger:
    account = ledger.accounts.get(record.transaction)
    if account is None or record.op in ledger.cashless:
        return wrong(ledger, seq, "a payment was intended twice, or for no transaction")
    if record.means == CASH or not ZERO < record.amount <= account.remaining:
        ledger = wrong(ledger, seq, "a payment of more than is due")
    if account.inserted.total or account.in_doubt_cashless or _in_flight(ledger, record.transaction):
        ledger = wrong(ledger, seq, "a second means in one payment")
    going = Cashless(
        record.op,
        record.transaction,
        record.device,
        record.poi,
        record.amount,
        record.means,
        seq,
        day=ledger.day.number if ledger.day is not None else 0,
    )
    return replace(ledger, cashless={**ledger.cashless, record.op: going})


def _in_flight(ledger: Ledger, transaction: TransactionId) -> bool:
    return any(each.transaction == transaction for each in ledger.cashless.values())


def payment_settled(ledger: Ledger, seq: int, record: r.PaymentSettled) -> Ledger:
    going = ledger.cashless.get(record.op)
    if going is None or going.of is not None or going.is_unknown:
        return wrong(ledger, seq, "a payment was settled that is not open")
    if record.outcome == "unknown":
        doubt = replace(going, is_unknown=True, reference=record.reference)
        ledger = replace(ledger, cashless={**ledger.cashless, record.op: doubt})
        return _doubted_payment(ledger, going, going.amount)
    if record.amount > going.amount or (record.outcome == "refused" and record.amount):
        ledger = wrong(ledger, seq, "a payment was settled otherwise than asked")
    ledger = replace(ledger, cashless=without(ledger.cashless, record.op))
    return _charged(ledger, replace(going, reference=record.reference), record.amount)


def payment_resolved(ledger: Ledger, seq: int, record: r.PaymentResolved) -> Ledger:
    going = ledger.cashless.get(record.op)
    if going is None or going.of is not None:
        return wrong(ledger, seq, "a payment was resolved that is not in doubt")
    if not ZERO <= record.amount <= going.amount:
        ledger = wrong(ledger, seq, "a payment was resolved to more than was asked")
    ledger = replace(ledger, cashless=without(ledger.cashless, record.op))
    if going.is_unknown:
        ledger = _doubted_payment(ledger, going, -going.amount)
    standing = replace(going, is_unknown=False, reference=record.reference or going.reference)
    ledger = _charged(ledger, standing, record.amount)
    return _slips_firmed(ledger, going.transaction, record.amount)


def _charged(ledger: Ledger, payment: Cashless, amount: Yen) -> Ledger:
    if not amount:
        return ledger
    ledger = replace(
        ledger,
        totals=replace(ledger.totals, charged=ledger.totals.charged + amount),
        last_charges={**ledger.last_charges, payment.device: payment.op},
    )
    account = ledger.accounts.get(payment.transaction)
    if account is None:
        return ledger
    standing = replace(payment, amount=amount)
    return put_account(ledger, replace(account, charged=account.charged + amount, payment=standing))


def _doubted_payment(ledger: Ledger, going: Cashless, amount: Yen) -> Ledger:
    account = ledger.accounts.get(going.transaction)
    if account is None:
        return ledger
    return put_account(ledger, replace(account, in_doubt_payment=account.in_doubt_payment + amount))


# --- voids --------------------------------------------------------------------------------------------------


def reversal_intended(ledger: Ledger, seq: int, record: r.ReversalIntended) -> Ledger:
    account = ledger.accounts.get(record.transaction)
    if account is None or record.op in ledger.cashless:
        return wrong(ledger, seq, "a void was intended twice, or for no transaction")
    if account.payment is None or account.payment.op != record.of or record.amount > account.held_cashless:
        ledger = wrong(ledger, seq, "a void of what is not held")
    going = Cashless(
        record.op,
        record.transaction,
        record.device,
        record.poi,
        record.amount,
        record.means,
        seq,
        of=record.of,
    )
    return replace(ledger, cashless={**ledger.cashless, record.op: going})


def reversal_settled(ledger: Ledger, seq: int, record: r.ReversalSettled) -> Ledger:
    going = ledger.cashless.get(record.op)
    if going is None or going.of is None or going.is_unknown:
        return wrong(ledger, seq, "a void was settled that is not open")
    if record.outcome == "unknown":
        doubt = replace(going, is_unknown=True)
        ledger = replace(ledger, cashless={**ledger.cashless, record.op: doubt})
        return _doubted_reversal(ledger, going, going.amount)
    ledger = replace(ledger, cashless=without(ledger.cashless, record.op))
    return _reversed(ledger, going) if record.outcome == "confirmed" else ledger


def reversal_resolved(ledger: Ledger, seq: int, record: r.ReversalResolved) -> Ledger:
    going = ledger.cashless.get(record.op)
    if going is None or going.of is None:
        return wrong(ledger, seq, "a void was resolved that is not in doubt")
    ledger = replace(ledger, cashless=without(ledger.cashless, record.op))
    if going.is_unknown:
        ledger = _doubted_reversal(ledger, going, -going.amount)
    if record.is_done:
        ledger = _reversed(ledger, going)
    return _slips_firmed(ledger, going.transaction, ZERO if record.is_done else going.amount)


def _reversed(ledger: Ledger, going: Cashless) -> Ledger:
    ledger = replace(ledger, totals=replace(ledger.totals, reversed=ledger.totals.reversed + going.amount))
    account = ledger.accounts.get(going.transaction)
    if account is None:
        return ledger
    return put_account(ledger, replace(account, reversed=account.reversed + going.amount, payment=None))


def _doubted_reversal(ledger: Ledger, going: Cashless, amount: Yen) -> Ledger:
    account = ledger.accounts.get(going.transaction)
    if account is None:
        return ledger
    return put_account(ledger, replace(account, in_doubt_reversal=account.in_doubt_reversal + amount))


# --- slips --------------------------------------------------------------------------------------------------


def owed_on_slip(ledger: Ledger, seq: int, record: r.OwedOnSlip) -> Ledger:
    """Speaks of the doubt first when it was written because of one, else of what is held."""
    account = ledger.accounts.get(record.transaction)
    if account is None or record.slip in ledger.slips:
        return wrong(ledger, seq, "a slip was written twice, or for no transaction")
    claimed = Yen.sum(each.doubtful for each in _slips_of(ledger, record.transaction))
    unclaimed = max(ZERO, account.in_doubt_cashless - claimed)
    firm = record.amount - min(unclaimed, record.amount) if record.reason == "unknown" else record.amount
    firm = min(firm, max(ZERO, account.held_cashless))
    doubtful = record.amount - firm
    if doubtful > unclaimed:
        return wrong(ledger, seq, "a slip of more than is held or in doubt")
    slip = Slip(record.slip, record.transaction, ZERO, doubtful, record.reason, seq, record.means)
    return _made_firm(replace(ledger, slips={**ledger.slips, record.slip: slip}), slip, firm)


def _slips_of(ledger: Ledger, transaction: TransactionId) -> list[Slip]:
    """Not redeemed, of cashless money, oldest first."""
    found = [e for e in ledger.slips.values() if e.transaction == transaction and e.means != CASH]
    return sorted(found, key=lambda each: each.seq)


def _made_firm(ledger: Ledger, slip: Slip, amount: Yen) -> Ledger:
    ledger = replace(ledger, slips={**ledger.slips, slip.slip: replace(slip, amount=slip.amount + amount)})
    totals = replace(ledger.totals, owed_cashless=ledger.totals.owed_cashless + amount)
    ledger = replace(ledger, totals=totals)
    account = ledger.accounts.get(slip.transaction)
    if account is None:
        return ledger
    return put_account(ledger, replace(account, owed_cashless=account.owed_cashless + amount))


def _slips_firmed(ledger: Ledger, transaction: TransactionId, taken: Yen) -> Ledger:
    """A doubt is over: what was taken becomes firm on the slips that spoke of it; the rest leaves them."""
    account = ledger.accounts.get(transaction)
    still = account.in_doubt_cashless if account is not None else ZERO
    slips = _slips_of(ledger, transaction)
    excess = max(ZERO, Yen.sum(each.doubtful for each in slips) - still)
    for slip in slips:
        over = min(slip.doubtful, excess)
        if not over:
            continue
        firm = min(over, taken)
        excess, taken = excess - over, taken - firm
        ledger = _made_firm(ledger, replace(slip, doubtful=slip.doubtful - over), firm)
        left = ledger.slips[slip.slip]
        if not left.amount and not left.doubtful:
            ledger = replace(ledger, slips=without(ledger.slips, slip.slip))
    return ledger
