"""Does the ledger balance? The invariants of a cash journal, as one pure function. Empty = to ¥0."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk.journal.accounts import CASH, ZERO, Ledger, Totals
from kiosk.money import Cash, Yen


def imbalances(ledger: Ledger) -> tuple[str, ...]:
    """What does not balance, in words without personal data."""
    return tuple(
        [
            *ledger.violations,
            *_conservation(ledger),
            *_cashless(ledger),
            *_accounts(ledger),
            *_payouts(ledger),
            *_units(ledger),
            *_day(ledger),
        ]
    )


def _conservation(ledger: Ledger) -> Iterator[str]:
    """What lies in the units is somebody's, each yen once; what ever came in is somewhere."""
    totals, here = ledger.totals, ledger.held + ledger.in_doubt + ledger.unassigned.total
    staffs = ledger.float_amount + ledger.difference - ledger.found_out
    kept = ledger.receipts_inside + totals.redeemed - ledger.restored
    whose = here + staffs + ledger.owed + kept
    if ledger.in_units != whose:
        yield f"units hold ¥{ledger.in_units.value}, the books explain ¥{whose.value}"
    went = here + totals.change + totals.returned + totals.receipts_cash + totals.owed
    if totals.cash_in != went:
        yield f"¥{totals.cash_in.value} came in, ¥{went.value} is accounted for"
    if totals.owed != ledger.owed + totals.redeemed:
        yield f"¥{totals.owed.value} put on slips, ¥{(ledger.owed + totals.redeemed).value} open or redeemed"


def _cashless(ledger: Ledger) -> Iterator[str]:
    """What terminals took is voided, earned, held, in doubt or on a slip, each yen once."""
    totals = ledger.totals
    doubt = Yen.sum(each.in_doubt_reversal for each in ledger.accounts.values())
    somewhere = (
        totals.reversed + totals.receipts_cashless + ledger.held_cashless + doubt + totals.owed_cashless
    )
    if totals.charged != somewhere:
        yield f"¥{totals.charged.value} paid cashless, ¥{somewhere.value} is accounted for"
    if totals.owed_cashless != ledger.owed_cashless + totals.redeemed_cashless:
        yield "slips for cashless money are neither open nor redeemed"
    for account in ledger.accounts.values():
        name = f"transaction {account.number}"
        if account.held_cashless < ZERO:
            yield f"{name}: ¥{-account.held_cashless.value} more voided or booked than was taken"
        doubts = [
            e for e in ledger.cashless.values() if e.transaction == account.transaction and e.is_unknown
        ]
        if account.in_doubt_cashless != Yen.sum(each.amount for each in doubts):
            yield f"{name}: cashless doubts are not those of its operations"
        slips = [e for e in ledger.slips.values() if e.transaction == account.transaction and e.means != CASH]
        if Yen.sum(each.doubtful for each in slips) > account.in_doubt_cashless:
            yield f"{name}: slips speak of more cashless doubt than there is"


def _accounts(ledger: Ledger) -> Iterator[str]:
    for account in ledger.accounts.values():
        name = f"transaction {account.number}"
        if account.held < ZERO:
            yield f"{name}: ¥{-account.held.value} more given or booked than came in"
        doubts = [each for each in ledger.doubts.values() if each.transaction == account.transaction]
        doubtful = Yen.sum(each.denomination.face * each.in_doubt for each in doubts)
        notes = [each for each in ledger.notes.values() if each.transaction == account.transaction]
        if account.note_doubt != Yen.sum(each.denomination.face for each in notes if each.is_doubtful):
            yield f"{name}: ¥{account.note_doubt.value} of notes in doubt, its notes say otherwise"
        if account.in_doubt != doubtful:
            yield f"{name}: ¥{account.in_doubt.value} in doubt, its operations say ¥{doubtful.value}"
        slips = [e for e in ledger.slips.values() if e.transaction == account.transaction and e.means == CASH]
        if Yen.sum(each.doubtful for each in slips) > account.in_doubt:
            yield f"{name}: slips speak of more doubt than there is"


def _payouts(ledger: Ledger) -> Iterator[str]:
    """paid + in doubt + on slip + open = decided, and nothing is promised that is not held."""
    promised: dict[str, Yen] = {}
    for payout in ledger.payouts.values():
        promised[payout.transaction] = promised.get(payout.transaction, ZERO) + payout.open
        if payout.open < ZERO:
            yield f"a payout of ¥{payout.amount.value} gave ¥{-payout.open.value} too much"
    for transaction, amount in promised.items():
        held = next((a.held for a in ledger.accounts.values() if a.transaction == transaction), ZERO)
        if amount > held:
            yield f"payouts promise ¥{amount.value}, ¥{held.value} is held"


def _units(ledger: Ledger) -> Iterator[str]:
    doubts: dict[str, Cash] = {}
    for each in ledger.doubts.values():
        if not each.is_recounted:
            pieces = Cash({each.denomination: each.in_doubt})
            doubts[each.device] = doubts.get(each.device, Cash()) + pieces
    for unit in ledger.units.values():
        if unit.accuracy != "unknown" and any(count < 0 for count in unit.balance.values()):
            yield f"unit {unit.unit}: fewer than no pieces"
        if unit.unknown != doubts.get(unit.unit, Cash()):
            yield f"unit {unit.unit}: its doubtful pieces are not those of its operations"


def _day(ledger: Ledger) -> Iterator[str]:
    """Running totals only grow: a day is the difference of two, so each record is in exactly one day."""
    if ledger.day is None:
        return
    if ledger.day.seq > ledger.seq:
        yield "a day was closed in the future"
    for earlier, later in ((ledger.day.before, ledger.day.totals), (ledger.day.totals, ledger.totals)):
        if not _has_grown(earlier, later):
            yield "totals went down"


def _has_grown(earlier: Totals, later: Totals) -> bool:
    plain: tuple[str, ...] = ("transactions", "cash_in", "change", "returned", "owed", "redeemed", "voided")
    plain += ("charged", "reversed", "owed_cashless", "redeemed_cashless")
    if any(getattr(later, each) < getattr(earlier, each) for each in plain):
        return False
    receipts = later.receipts
    return all(
        key in receipts and receipts[key].count >= each.count and receipts[key].amount >= each.amount
        for key, each in earlier.receipts.items()
    )
