"""The rules of money: pieces in, pieces out, doubts, slips. Part of the ledger's fold, pure.

Each function gives the ledger after one record. What should be impossible is named in `violations`; what
physically happened is counted all the same, so that the imbalance shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from kiosk.ids import DeviceId, TransactionId
from kiosk.journal import records as r
from kiosk.journal.accounts import CASH, ZERO, Account, CreditDoubt, Dispense, Ledger, Payout, Slip, Unit
from kiosk.money import NO_CASH, Cash, Denomination, Yen
from kiosk.ports import CreditMark

_ONE = {each: Cash({each: 1}) for each in Denomination}
_VIOLATIONS_KEPT = 100

K = TypeVar("K")
V = TypeVar("V")


def without(mapping: Mapping[K, V], key: K) -> dict[K, V]:
    return {each: value for each, value in mapping.items() if each != key}


def wrong(ledger: Ledger, seq: int, what: str) -> Ledger:
    if len(ledger.violations) >= _VIOLATIONS_KEPT:
        return ledger
    return replace(ledger, violations=(*ledger.violations, f"{seq}: {what}"))


def unit_of(ledger: Ledger, unit: DeviceId) -> Unit:
    return ledger.units.get(unit) or Unit(unit)


def put_unit(ledger: Ledger, unit: Unit) -> Ledger:
    return replace(ledger, units={**ledger.units, unit.unit: unit})


def put_account(ledger: Ledger, account: Account) -> Ledger:
    return replace(ledger, accounts={**ledger.accounts, account.transaction: account})


def put_payout(ledger: Ledger, payout: Payout) -> Ledger:
    """Keep it while something of it is open or in doubt."""
    if payout.open or payout.in_doubt:
        return replace(ledger, payouts={**ledger.payouts, payout.payout: payout})
    return replace(ledger, payouts=without(ledger.payouts, payout.payout))


# --- money in -----------------------------------------------------------------------------------------------


def coin_in(ledger: Ledger, seq: int, record: r.CoinIn) -> Ledger:
    mark = ledger.marks.get(record.device)
    if mark is not None and mark.serial == record.serial:
        if (record.epoch, record.seq) <= (mark.epoch, mark.seq):
            return wrong(ledger, seq, "a piece was credited twice")
    known = _counts_of(mark, record) + _ONE[record.denomination]
    mark = CreditMark(record.device, record.epoch, record.seq, record.raw, record.serial, known)
    ledger = replace(ledger, marks={**ledger.marks, record.device: mark})
    return piece_in(ledger, record.unit, record.denomination, record.transaction)


def _counts_of(mark: CreditMark | None, record: r.CoinIn | r.CounterMoved) -> Cash:
    """What its epoch had until now."""
    if mark is None or (mark.serial, mark.epoch) != (record.serial, record.epoch):
        return NO_CASH
    return mark.counts


def piece_in(
    ledger: Ledger, unit: DeviceId, denomination: Denomination, transaction: TransactionId | None
) -> Ledger:
    """One piece more lies in `unit`; it is 預り of that transaction while it is open, else owed to nobody known."""
    piece = _ONE[denomination]
    there = unit_of(ledger, unit)
    ledger = put_unit(ledger, replace(there, deposited=there.deposited + piece))
    ledger = replace(ledger, totals=replace(ledger.totals, cash_in=ledger.totals.cash_in + denomination.face))
    account = ledger.accounts.get(transaction) if transaction else None
    if account is None or not account.is_open:
        return replace(ledger, unassigned=ledger.unassigned + piece)
    return put_account(ledger, replace(account, inserted=account.inserted + piece))


def acceptor_epoch(ledger: Ledger, seq: int, record: r.AcceptorEpoch) -> Ledger:
    mark = CreditMark(record.device, record.epoch, 0, record.raw, record.serial)
    ledger = replace(ledger, marks={**ledger.marks, record.device: mark})
    return _credits_doubted(ledger, seq, record, None)


def counter_moved(ledger: Ledger, seq: int, record: r.CounterMoved) -> Ledger:
    mark = ledger.marks.get(record.device)
    if (
        mark is not None
        and mark.serial == record.serial
        and (record.epoch, record.seq) < (mark.epoch, mark.seq)
    ):
        return wrong(ledger, seq, "an acceptor's counter went back")
    moved = replace(
        CreditMark(record.device, record.epoch, record.seq, record.raw, record.serial),
        counts=_counts_of(mark, record),
    )
    return replace(ledger, marks={**ledger.marks, record.device: moved})


def credits_unknown(ledger: Ledger, seq: int, record: r.CreditsUnknown) -> Ledger:
    return _credits_doubted(ledger, seq, record, record.transaction)


def _credits_doubted(
    ledger: Ledger, seq: int, record: r.AcceptorEpoch | r.CreditsUnknown, transaction: TransactionId | None
) -> Ledger:
    if not record.at_most:
        return ledger
    doubt = CreditDoubt(record.device, record.epoch, record.at_most, transaction, seq)
    return replace(ledger, credit_doubts=(*ledger.credit_doubts, doubt))


# --- money out ----------------------------------------------------------------------------------------------


def payout_decided(ledger: Ledger, seq: int, record: r.PayoutDecided) -> Ledger:
    account = ledger.accounts.get(record.transaction)
    if account is None or record.payout in ledger.payouts:
        return wrong(ledger, seq, "a payout was decided twice, or for no transaction")
    promised = Yen.sum(each.open for each in payouts_of(ledger, record.transaction))
    if not ZERO < record.amount <= account.held - promised:
        ledger = wrong(ledger, seq, "a payout of more than is held")
    return put_payout(ledger, Payout(record.payout, record.transaction, record.purpose, record.amount, seq))


def payouts_of(ledger: Ledger, transaction: TransactionId) -> list[Payout]:
    """Not finished, oldest first: a dict's own order does not outlive a checkpoint."""
    found = [each for each in ledger.payouts.values() if each.transaction == transaction]
    return sorted(found, key=lambda each: each.seq)


def dispense_intended(ledger: Ledger, seq: int, record: r.DispenseIntended) -> Ledger:
    if record.op in ledger.dispenses or record.op in ledger.doubts:
        return wrong(ledger, seq, "a dispense was intended twice")
    payout = ledger.payouts.get(record.payout)
    in_flight = Yen.sum(
        each.denomination.face * each.count
        for each in ledger.dispenses.values()
        if each.payout == record.payout
    )
    asked = record.denomination.face * record.count
    if payout is None or payout.transaction != record.transaction or asked + in_flight > payout.open:
        ledger = wrong(ledger, seq, "a dispense of more than was decided")
    unit = unit_of(ledger, record.device)
    if unit.is_exact and unit.plannable[record.denomination] < record.count:
        ledger = wrong(ledger, seq, "a dispense of more than is in the unit")
    dispense = Dispense(
        op=record.op,
        payout=record.payout,
        purpose=payout.purpose if payout else "return",
        transaction=record.transaction,
        device=record.device,
        denomination=record.denomination,
        count=record.count,
        event_counter=record.event_counter,
        lifetime=record.lifetime,
        serial=record.serial,
        seq=seq,
    )
    return replace(ledger, dispenses={**ledger.dispenses, record.op: dispense})


def dispense_advanced(ledger: Ledger, seq: int, record: r.DispenseAdvanced) -> Ledger:
    """Money moves when it is settled; till then this is what a new life must not forget."""
    dispense = ledger.dispenses.get(record.op)
    if dispense is None or not dispense.advanced < record.paid <= dispense.count:
        return wrong(ledger, seq, "a payout advanced that is not open, or backwards, or too far")
    advanced = replace(dispense, advanced=record.paid)
    return replace(ledger, dispenses={**ledger.dispenses, record.op: advanced})


def dispense_settled(ledger: Ledger, seq: int, record: r.DispenseSettled) -> Ledger:
    dispense = ledger.dispenses.get(record.op)
    if dispense is None:
        return wrong(ledger, seq, "a dispense was settled that is not open")
    if record.paid < dispense.advanced:
        ledger = wrong(ledger, seq, "a dispense was settled against what was proven")
    ledger = replace(ledger, dispenses=without(ledger.dispenses, record.op))
    ledger = _gone_out(ledger, dispense, record.paid)
    rest = dispense.count - record.paid
    if record.outcome != "unknown" or rest <= 0:
        return ledger
    doubt = replace(dispense, in_doubt=rest, proven=record.paid, is_unknown=True)
    ledger = replace(ledger, doubts={**ledger.doubts, record.op: doubt})
    return _doubted(ledger, doubt, rest)


def dispense_resolved(ledger: Ledger, seq: int, record: r.DispenseResolved) -> Ledger:
    dispense = ledger.dispenses.get(record.op) or ledger.doubts.get(record.op)
    if dispense is None:
        return wrong(ledger, seq, "a dispense was resolved that is not in doubt")
    if not max(dispense.proven, dispense.advanced) <= record.paid <= dispense.count:
        ledger = wrong(ledger, seq, "a dispense was resolved against what was proven")
    ledger = replace(
        ledger,
        dispenses=without(ledger.dispenses, record.op),
        doubts=without(ledger.doubts, record.op),
    )
    ledger = _doubted(ledger, dispense, -dispense.in_doubt)
    paid = max(0, record.paid - dispense.proven)
    ledger = _gone_out(ledger, dispense, paid)
    unit = unit_of(ledger, dispense.device)
    if record.by == "device" and unit.accuracy == "inaccurate" and not unit.unknown:
        # The device's own counters named every piece: the count of before holds again.
        ledger = put_unit(ledger, replace(unit, accuracy="accurateSet"))
    unpaid = dispense.denomination.face * max(0, dispense.in_doubt - paid)
    return _slips_firmed(ledger, dispense.transaction, unpaid)


def _gone_out(ledger: Ledger, dispense: Dispense, paid: int) -> Ledger:
    """`paid` pieces are proven out: of the unit, and of what is held."""
    if not paid:
        return ledger
    amount = dispense.denomination.face * paid
    if dispense.is_exchanged:  # the person's count already knew
        ledger = replace(ledger, difference=ledger.difference + amount)
    elif dispense.is_recounted:
        ledger = replace(ledger, float_amount=ledger.float_amount + amount)
    else:
        unit = unit_of(ledger, dispense.device)
        gone = Cash({dispense.denomination: paid})
        ledger = put_unit(ledger, replace(unit, presented=unit.presented + gone))
    payout = ledger.payouts.get(dispense.payout)
    if payout is not None:
        ledger = put_payout(ledger, replace(payout, paid=payout.paid + amount))
    account, totals = ledger.accounts.get(dispense.transaction), ledger.totals
    if dispense.purpose == "change":
        account = account and replace(account, change=account.change + amount)
        totals = replace(totals, change=totals.change + amount)
    else:
        account = account and replace(account, returned=account.returned + amount)
        totals = replace(totals, returned=totals.returned + amount)
    ledger = replace(ledger, totals=totals)
    return put_account(ledger, account) if account else ledger


def _doubted(ledger: Ledger, dispense: Dispense, pieces: int) -> Ledger:
    """`pieces` more (or fewer, below zero) are in doubt: in the unit, the account and the payout alike."""
    if not pieces:
        return ledger
    amount = dispense.denomination.face * pieces
    if not dispense.is_recounted:
        unit = unit_of(ledger, dispense.device)
        unknown = Cash({**unit.unknown, dispense.denomination: unit.unknown[dispense.denomination] + pieces})
        accuracy = "inaccurate" if unit.accuracy != "unknown" else "unknown"
        ledger = put_unit(ledger, replace(unit, unknown=unknown, accuracy=accuracy))
    payout = ledger.payouts.get(dispense.payout)
    if payout is not None:
        ledger = put_payout(ledger, replace(payout, in_doubt=payout.in_doubt + amount))
    account = ledger.accounts.get(dispense.transaction)
    return put_account(ledger, replace(account, in_doubt=account.in_doubt + amount)) if account else ledger


# --- slips --------------------------------------------------------------------------------------------------


def owed_on_slip(ledger: Ledger, seq: int, record: r.OwedOnSlip) -> Ledger:
    account = ledger.accounts.get(record.transaction)
    if account is None or record.slip in ledger.slips:
        return wrong(ledger, seq, "a slip was written twice, or for no transaction")
    claimed = Yen.sum(each.doubtful for each in slips_of(ledger, record.transaction))
    unclaimed = max(ZERO, account.in_doubt - claimed)
    held = max(ZERO, account.held)
    # A slip because of a doubt speaks of the doubtful money first; any other speaks of what is held.
    firm = record.amount - min(unclaimed, record.amount) if record.reason == "unknown" else record.amount
    firm = min(firm, held)
    doubtful = record.amount - firm
    if doubtful > unclaimed:
        return wrong(ledger, seq, "a slip of more than is held or in doubt")
    slip = Slip(record.slip, record.transaction, ZERO, doubtful, record.reason, seq)
    return _made_firm(replace(ledger, slips={**ledger.slips, record.slip: slip}), slip, firm)


def slips_of(ledger: Ledger, transaction: TransactionId) -> list[Slip]:
    """Not redeemed, of cash, oldest first."""
    found = [e for e in ledger.slips.values() if e.transaction == transaction and e.means == CASH]
    return sorted(found, key=lambda each: each.seq)


def _made_firm(ledger: Ledger, slip: Slip, amount: Yen) -> Ledger:
    """`amount` of held money is the slip's now; the transaction's payouts no longer owe it."""
    ledger = replace(ledger, slips={**ledger.slips, slip.slip: replace(slip, amount=slip.amount + amount)})
    ledger = replace(ledger, totals=replace(ledger.totals, owed=ledger.totals.owed + amount))
    account = ledger.accounts.get(slip.transaction)
    if account is not None:
        ledger = put_account(ledger, replace(account, owed=account.owed + amount))
    promised = Yen.sum(each.open for each in payouts_of(ledger, slip.transaction))
    # A shortage is what a payout could not give; any other slip takes first what no payout promises.
    free = ZERO if slip.reason == "shortage" or account is None else max(ZERO, account.held - promised)
    amount -= min(free, amount)
    for payout in payouts_of(ledger, slip.transaction):
        part = max(ZERO, min(payout.open, amount))
        ledger = put_payout(ledger, replace(payout, on_slip=payout.on_slip + part))
        amount -= part
    return ledger


def _slips_firmed(ledger: Ledger, transaction: TransactionId, unpaid: Yen) -> Ledger:
    """A doubt is over: what was not paid becomes firm on the slips that spoke of it; the rest leaves them."""
    slips = slips_of(ledger, transaction)
    account = ledger.accounts.get(transaction)
    still = account.in_doubt if account else ZERO
    excess = max(ZERO, Yen.sum(each.doubtful for each in slips) - still)
    for slip in slips:
        over = min(slip.doubtful, excess)
        if not over:
            continue
        firm = min(over, unpaid)
        excess, unpaid = excess - over, unpaid - firm
        ledger = _made_firm(ledger, replace(slip, doubtful=slip.doubtful - over), firm)
        left = ledger.slips[slip.slip]
        if not left.amount and not left.doubtful:
            ledger = replace(ledger, slips=without(ledger.slips, slip.slip))
    return ledger


def slip_redeemed(ledger: Ledger, seq: int, record: r.SlipRedeemed) -> Ledger:
    slip = ledger.slips.get(record.slip)
    if slip is None or slip.doubtful or record.amount != slip.amount:
        return wrong(ledger, seq, "a slip was redeemed that is not there, not firm or not of this amount")
    totals = ledger.totals
    if slip.means == CASH:
        totals = replace(totals, redeemed=totals.redeemed + record.amount)
    else:
        totals = replace(totals, redeemed_cashless=totals.redeemed_cashless + record.amount)
    return replace(ledger, slips=without(ledger.slips, record.slip), totals=totals)
