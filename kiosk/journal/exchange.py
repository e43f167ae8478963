"""The rules of exchange: staff open a box, move pieces, and close it. Part of the ledger's fold, pure.

An exchange is two records. Between them the machine takes no cash; the second holds everything that was done, so a
power cut leaves either an open exchange with nothing moved in the books, or a whole one.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiosk.journal import records as r
from kiosk.journal.accounts import ZERO, Dispense, Exchange, Found, Ledger, Unit
from kiosk.journal.cashbook import put_unit, unit_of, without, wrong
from kiosk.journal.records import Fund
from kiosk.money import Cash, Yen


def exchange_started(ledger: Ledger, seq: int, record: r.ExchangeStarted) -> Ledger:
    if ledger.exchange is not None:
        return wrong(ledger, seq, "an exchange was begun inside another")
    opened = Exchange(record.exchange, record.purpose, record.operator, record.witness, record.units, seq)
    return replace(ledger, exchange=opened, exchanges=ledger.exchanges + 1)


def exchange_ended(ledger: Ledger, seq: int, record: r.ExchangeEnded) -> Ledger:
    opened = ledger.exchange
    if opened is None or opened.exchange != record.exchange:
        return wrong(ledger, seq, "an exchange was ended that is not open")
    ledger = replace(ledger, exchange=None, last_exchange=record.exchange)
    moved, difference = ZERO, ZERO
    for each in record.units:
        if each.unit not in opened.names:
            ledger = wrong(ledger, seq, "a unit was changed that was not opened")
        before = unit_of(ledger, each.unit)
        difference += each.counted.total - before.total if each.counted is not None else ZERO
        moved += each.put_in.total - each.taken_out.total
        ledger = _unit_moved(ledger, seq, each)
    if difference != record.difference:
        ledger = wrong(ledger, seq, "an exchange states another difference than the counts show")
    ledger = replace(ledger, difference=ledger.difference + difference)
    return _shared(ledger, seq, record.shares, moved)


def _unit_moved(ledger: Ledger, seq: int, moved: r.UnitAfter) -> Ledger:
    before = unit_of(ledger, moved.unit)
    there = moved.counted if moved.counted is not None else before.count
    full = there + moved.put_in
    if not full.covers(moved.taken_out):
        ledger = wrong(ledger, seq, "more was taken out of a unit than lay in it")
    after = Cash({each: max(0, full[each] - moved.taken_out[each]) for each in full})
    if moved.counted is None:
        unit = Unit(moved.unit, initial=after, unknown=before.unknown, accuracy=before.accuracy)
        return put_unit(ledger, unit)

    def recounted(each: Dispense) -> Dispense:
        if each.device != moved.unit or each.is_recounted:
            return each
        return replace(each, is_recounted=True, is_exchanged=True)

    return replace(
        put_unit(ledger, Unit(moved.unit, initial=after, accuracy="accurateSet")),
        dispenses={op: recounted(each) for op, each in ledger.dispenses.items()},
        doubts={op: recounted(each) for op, each in ledger.doubts.items()},
    )


def _shared(ledger: Ledger, seq: int, shares: tuple[r.Share, ...], moved: Yen) -> Ledger:
    """Whose the moved money was. What nobody claims shows as a difference, never as revenue."""
    by_fund = {fund: Yen.sum(each.amount for each in shares if each.fund is fund) for fund in Fund}
    unclaimed = moved - Yen.sum(by_fund.values())
    if unclaimed:
        ledger = wrong(ledger, seq, "an exchange moved money that belongs to no fund")
    ledger = replace(
        ledger,
        float_amount=ledger.float_amount + by_fund[Fund.FLOAT],
        remitted=ledger.remitted - by_fund[Fund.RECEIPTS],
        restored=ledger.restored - by_fund[Fund.COUNTER],
        found_out=ledger.found_out - by_fund[Fund.FOUND],
        difference=ledger.difference + by_fund[Fund.DIFFERENCE] + unclaimed,
    )
    if ledger.receipts_inside < ZERO or ledger.remitted < ZERO:
        ledger = wrong(ledger, seq, "more receipts were taken out than were booked, or put back than taken")
    if not ZERO <= ledger.restored <= ledger.totals.redeemed:
        ledger = wrong(ledger, seq, "the counter was given more than it had paid")
    if not ZERO <= ledger.found_out <= ledger.unassigned.total:
        ledger = wrong(ledger, seq, "more was taken out as found than lies without an owner")
    return ledger


def found_registered(ledger: Ledger, seq: int, record: r.FoundRegistered) -> Ledger:
    if record.found in ledger.found:
        return wrong(ledger, seq, "a found thing was registered twice")
    found = Found(record.found, record.what, record.place, record.amount, record.number, seq)
    return replace(ledger, found={**ledger.found, record.found: found}, founds=ledger.founds + 1)


def found_handed_over(ledger: Ledger, seq: int, record: r.FoundHandedOver) -> Ledger:
    if record.found not in ledger.found:
        return wrong(ledger, seq, "a found thing was handed over that is not there")
    return replace(ledger, found=without(ledger.found, record.found))
