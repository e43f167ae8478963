"""The ledger's rules, one story each: what is held, booked, given, owed, in doubt."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kiosk.errors import PeerProtocolError
from kiosk.journal import records as r
from kiosk.journal.accounts import SHAPE
from kiosk.journal.ledger import EMPTY, Ledger, decode, encode, fold, imbalances
from kiosk.money import Cash, Denomination, Yen

C10, C100, C500 = Denomination.COIN10, Denomination.COIN100, Denomination.COIN500
TX, OTHER = "a" * 32, "b" * 32
LINE = "1" * 32


def told(*stories: r.AnyRecord | Iterable[r.AnyRecord], after: Ledger = EMPTY) -> Ledger:
    """The ledger after these records."""
    ledger = after
    for story in stories:
        for record in [story] if isinstance(story, r.Record) else story:
            ledger = fold(ledger, ledger.seq + 1, record)
    return ledger


def filled(pieces: int = 20) -> list[r.AnyRecord]:
    return [
        r.StockSet("hopper100", Cash({C100: pieces}), "officer"),
        r.StockSet("hopper10", Cash({C10: pieces}), "officer"),
        r.StockSet("cashbox", Cash(), "officer"),
    ]


def opened(due: int = 200, tx: str = TX, line: str = LINE) -> r.TransactionOpened:
    ordered = r.OrderedLine(line, "juminhyo", Yen(due), "R7-1", 1)
    return r.TransactionOpened(tx, "0001", Yen(due), (ordered,))


def coin(seq: int, face: Denomination = C100, unit: str = "hopper100", tx: str | None = TX) -> r.CoinIn:
    return r.CoinIn("coin1", 1, seq, seq % 256, face, unit, "S1", tx)


def printed(tx: str = TX, line: str = LINE, outcome: str = "confirmed") -> list[r.AnyRecord]:
    return [
        r.CommitIntended(tx, line),
        r.LineCommitted(tx, line),
        r.PrintIntended("p" + line, tx, line, "certificate1", 1),
        r.PrintSettled("p" + line, tx, line, outcome, 1 if outcome == "confirmed" else 0),
    ]


def booked(fee: int = 200, means: str = "cash", tx: str = TX, line: str = LINE) -> r.LineBooked:
    return r.LineBooked(tx, line, "juminhyo", Yen(fee), means)


def payout(amount: int, purpose: str = "change", tx: str = TX, op: str = "o1") -> r.PayoutDecided:
    return r.PayoutDecided(op, tx, purpose, Yen(amount))


def intended(
    count: int, op: str = "d1", face: Denomination = C100, unit: str = "hopper100"
) -> r.DispenseIntended:
    return r.DispenseIntended(op, "o1", TX, unit, face, count, 3, 900, "H1")


def settled(count: int, paid: int, outcome: str, op: str = "d1") -> r.DispenseSettled:
    return r.DispenseSettled(op, TX, "hopper100", C100, count, paid, outcome)


def resolved(paid: int, by: str = "officer", op: str = "d1") -> r.DispenseResolved:
    return r.DispenseResolved(op, TX, "hopper100", C100, paid, by, "seen")


def closed(result: str = "issued") -> r.TransactionClosed:
    return r.TransactionClosed(TX, result)


def paid_with_500() -> list[r.AnyRecord]:
    return [*filled(), opened(), coin(1, C500, "cashbox")]


def test_a_certificate_from_coin_to_change() -> None:
    ledger = told(paid_with_500())
    assert ledger.accounts[TX].held == Yen(500)
    assert ledger.accounts[TX].remaining == Yen(0)
    ledger = told(printed(), booked(), after=ledger)
    assert (ledger.held, ledger.totals.receipts_cash) == (Yen(300), Yen(200))
    ledger = told(payout(300), intended(3), after=ledger)
    assert ledger.dispenses["d1"].event_counter == 3
    assert ledger.payouts["o1"].open == Yen(300)
    ledger = told(settled(3, 3, "confirmed"), closed(), after=ledger)
    assert imbalances(ledger) == ()
    assert ledger.accounts == {} and ledger.payouts == {} and ledger.dispenses == {}
    assert ledger.float_amount == Yen(2200)
    assert ledger.in_units == Yen(2400)
    assert ledger.units["hopper100"].count == Cash({C100: 17})
    assert ledger.totals.change == Yen(300)
    assert [each.what for each in ledger.reports.values()] == ["printed"]
    assert told(r.PrintedReported(TX, LINE), after=ledger).reports == {}


def test_held_money_given_back_is_neither_change_nor_receipt() -> None:
    ledger = told(filled(), opened(), coin(1), payout(100, "return"), intended(1), settled(1, 1, "confirmed"))
    assert (ledger.totals.returned, ledger.totals.change, ledger.totals.receipts_cash) == (
        Yen(100),
        Yen(0),
        Yen(0),
    )
    ledger = told(r.LineVoided(TX, LINE, "cancelled"), closed("cancelled"), after=ledger)
    assert imbalances(ledger) == ()
    assert ledger.accounts == {}
    assert ledger.reports[LINE].what == "void"


def test_a_coin_without_a_transaction_is_owed_to_somebody() -> None:
    ledger = told(filled(), coin(1, tx=None), coin(2, tx="unheard of"))
    assert ledger.unassigned == Cash({C100: 2})
    assert imbalances(ledger) == ()


def test_a_late_coin_of_a_closed_transaction_is_unassigned() -> None:
    ledger = told(
        paid_with_500(),
        printed(),
        booked(),
        payout(300),
        intended(3),
        settled(3, 0, "unknown"),
        closed("failed"),
    )
    assert TX in ledger.accounts  # a doubt is open
    assert told(coin(2), after=ledger).unassigned == Cash({C100: 1})


@pytest.mark.parametrize(
    ("epoch", "seq", "serial", "again"),
    [(1, 1, "S1", True), (1, 2, "S1", False), (2, 1, "S1", False), (1, 1, "S2", False)],
)
def test_a_piece_is_credited_once(epoch: int, seq: int, serial: str, again: bool) -> None:
    second = r.CoinIn("coin1", epoch, seq, 1, C100, "hopper100", serial, TX)
    ledger = told(filled(), opened(), coin(1), second)
    assert ledger.accounts[TX].inserted.total == Yen(100 if again else 200)
    assert bool(imbalances(ledger)) is again


def test_the_mark_follows_the_acceptor() -> None:
    ledger = told(filled(), opened(), coin(7))
    assert (ledger.marks["coin1"].epoch, ledger.marks["coin1"].seq) == (1, 7)
    ledger = told(r.AcceptorEpoch("coin1", 2, "S1", 5), after=ledger)
    assert (ledger.marks["coin1"].epoch, ledger.marks["coin1"].seq) == (2, 0)
    assert ledger.credit_doubts[0].at_most == 5
    assert imbalances(ledger) == ()


def test_a_partial_payout_goes_on_from_another_unit_for_the_remainder_only() -> None:
    ledger = told(paid_with_500(), printed(), booked(), payout(300), intended(3), settled(3, 2, "partial"))
    assert ledger.payouts["o1"].open == Yen(100)
    assert ledger.units["hopper100"].is_exact
    rest = told(intended(10, "d2", C10, "hopper10"), after=ledger)
    assert imbalances(rest) == ()
    too_much = told(intended(11, "d2", C10, "hopper10"), after=ledger)
    assert any("more than was decided" in each for each in imbalances(too_much))


def test_a_shortage_on_a_slip_is_a_liability_until_redeemed_once() -> None:
    ledger = told(paid_with_500(), printed(), booked(), payout(300), intended(3), settled(3, 2, "partial"))
    ledger = told(r.OwedOnSlip(TX, "S-1", Yen(100), "shortage"), closed("slip"), after=ledger)
    assert imbalances(ledger) == ()
    assert ledger.accounts == {} and ledger.payouts == {}
    assert (ledger.owed, ledger.held) == (Yen(100), Yen(0))
    ledger = told(r.SlipRedeemed("S-1", Yen(100), "officer"), after=ledger)
    assert imbalances(ledger) == ()
    assert (ledger.owed, ledger.totals.redeemed) == (Yen(0), Yen(100))
    again = told(r.SlipRedeemed("S-1", Yen(100), "officer"), after=ledger)
    assert len(imbalances(again)) == 1
    assert again.totals.redeemed == Yen(100)


def test_a_slip_is_redeemed_for_its_amount_only() -> None:
    ledger = told(filled(), opened(), coin(1), r.OwedOnSlip(TX, "S-1", Yen(100), "restart"))
    for amount in (99, 101):
        assert told(r.SlipRedeemed("S-1", Yen(amount), "o"), after=ledger).slips["S-1"].amount == Yen(100)


def in_doubt() -> Ledger:
    """300 of change sent for, one piece proven, two in doubt."""
    return told(paid_with_500(), printed(), booked(), payout(300), intended(3), settled(3, 1, "unknown"))


def test_unknown_pieces_are_neither_held_nor_given() -> None:
    ledger = in_doubt()
    account, unit = ledger.accounts[TX], ledger.units["hopper100"]
    assert (account.held, account.in_doubt, account.change) == (Yen(0), Yen(200), Yen(100))
    assert (unit.accuracy, unit.unknown) == ("inaccurate", Cash({C100: 2}))
    assert ledger.stock(["hopper100", "hopper10"]) == Cash({C10: 20})  # not used for exact change
    assert imbalances(ledger) == ()


@pytest.mark.parametrize(("paid", "held"), [(1, 200), (2, 100), (3, 0)])
def test_a_doubt_stays_until_somebody_resolves_it(paid: int, held: int) -> None:
    ledger = told(closed("failed"), r.Stopped(), r.Started("1", "boot"), after=in_doubt())
    assert imbalances(ledger) == ()
    assert list(ledger.doubts) == ["d1"]
    ledger = told(resolved(paid), after=ledger)
    assert ledger.doubts == {} and ledger.in_doubt == Yen(0)
    assert ledger.units["hopper100"].count == Cash({C100: 20 - paid})
    assert ledger.units["hopper100"].accuracy == "inaccurate"  # a person spoke of the payout, not of the unit
    assert (TX in ledger.accounts) is (held > 0)  # what was not paid is the resident's still
    assert ledger.held == Yen(held)


def test_device_evidence_makes_the_unit_exact_again() -> None:
    ledger = told(resolved(3, by="device"), after=in_doubt())
    assert ledger.units["hopper100"].is_exact
    assert imbalances(ledger) == ()


def test_an_open_intent_is_settled_by_evidence_after_a_restart() -> None:
    ledger = told(paid_with_500(), printed(), booked(), payout(300), intended(3))
    for last in (resolved(2, by="device"), settled(3, 2, "partial")):
        after = told(last, after=ledger)
        assert imbalances(after) == ()
        assert after.payouts["o1"].open == Yen(100)
        assert after.units["hopper100"].is_exact


def test_a_doubt_is_resolved_once_and_never_against_the_proof() -> None:
    assert any("against what was proven" in each for each in imbalances(told(resolved(0), after=in_doubt())))
    assert any(
        "not in doubt" in each for each in imbalances(told(resolved(3), resolved(3), after=in_doubt()))
    )


@pytest.mark.parametrize(("paid", "firm"), [(1, 200), (2, 100), (3, 0)])
def test_a_slip_for_doubtful_money_is_worth_what_was_not_paid(paid: int, firm: int) -> None:
    ledger = told(r.OwedOnSlip(TX, "S-1", Yen(200), "unknown"), closed("slip"), after=in_doubt())
    assert imbalances(ledger) == ()
    assert (ledger.slips["S-1"].amount, ledger.slips["S-1"].doubtful) == (Yen(0), Yen(200))
    early = told(r.SlipRedeemed("S-1", Yen(200), "officer"), after=ledger)
    assert len(imbalances(early)) == 1  # resolve first, pay then
    ledger = told(resolved(paid), after=ledger)
    assert imbalances(ledger) == ()
    assert ledger.owed == Yen(firm)
    assert ("S-1" in ledger.slips) is (firm > 0)
    assert ledger.accounts == {} and ledger.payouts == {}


def test_the_fee_of_an_unknown_print_stays_held_then_goes_on_a_slip() -> None:
    ledger = told(paid_with_500(), printed(outcome="unknown"))
    assert ledger.held == Yen(500)
    ledger = told(payout(300, "return"), intended(3), settled(3, 3, "confirmed"), after=ledger)
    ledger = told(r.OwedOnSlip(TX, "S-1", Yen(200), "unknown"), closed("slip"), after=ledger)
    assert imbalances(ledger) == ()
    assert TX in ledger.accounts  # its paper is not resolved
    ledger = told(r.LineVoided(TX, LINE, "staff: not printed"), after=ledger)
    assert ledger.accounts == {}
    assert imbalances(ledger) == ()


def test_a_recount_corrects_the_float_and_frees_the_unit() -> None:
    counted = r.StockSet("hopper100", Cash({C100: 17}), "officer")  # all three had gone
    ledger = told(counted, after=in_doubt())
    assert ledger.units["hopper100"].is_exact
    assert ledger.float_amount == Yen(2200 - 200)
    assert imbalances(ledger) == ()
    ledger = told(resolved(3), after=ledger)
    assert ledger.float_amount == Yen(2200)
    assert ledger.units["hopper100"].count == Cash({C100: 17})
    assert imbalances(ledger) == ()


def test_cashless_fees_are_receipts_but_not_in_the_units() -> None:
    paid = (
        r.PaymentIntended("op1", TX, "terminal1", "POI-1", Yen(200), "nexo"),
        r.PaymentSettled("op1", TX, Yen(200), "confirmed", "00001"),
    )
    ledger = told(filled(), opened(), paid, printed(), booked(means="nexo"), closed())
    assert imbalances(ledger) == ()
    assert (ledger.totals.receipts["juminhyo/nexo"].amount, ledger.totals.receipts_cash) == (Yen(200), Yen(0))


def test_days_are_differences_of_running_totals() -> None:
    day = [opened(), coin(1), coin(2), *printed(), booked(), closed()]
    ledger = told(filled(), day, r.DayClosed(1, "officer"))
    assert ledger.day is not None
    assert ledger.day.totals.receipts_cash - ledger.day.before.receipts_cash == Yen(200)
    assert ledger.next_number == "0001"
    second = [opened(tx=OTHER), coin(3, tx=OTHER), coin(4, tx=OTHER)]
    assert told(second, after=ledger).next_number == "0002"
    ledger = told(second, r.DayClosed(2, "officer"), after=ledger)
    assert ledger.day is not None
    assert (ledger.day.before.transactions, ledger.day.totals.transactions) == (1, 2)
    assert imbalances(ledger) == ()
    assert imbalances(told(r.DayClosed(2, "officer"), after=ledger)) != ()


def test_the_last_record_of_an_open_transaction_is_what_recovery_looks_at() -> None:
    incident = r.IncidentOpened("i1", "R-503", TX)
    ledger = told(paid_with_500(), printed()[:3], incident)
    (account,) = ledger.open_transactions
    assert (account.last, account.last_seq) == ("PrintIntended", ledger.seq - 1)
    assert list(ledger.prints) == ["p" + LINE]
    assert ledger.incidents["i1"].code == "R-503"
    assert told(r.IncidentClosed("i1", "officer", "looked"), after=ledger).incidents == {}


IMPOSSIBLE = {
    "closed with money": [opened(), coin(1), closed()],
    "a piece twice": [opened(), coin(1), coin(1)],
    "closed twice": [opened(), r.LineVoided(TX, LINE, ""), closed(), closed()],
    "closed with a payout": [opened(), coin(1), payout(100, "return"), closed()],
    "closed with a dispense": [opened(), coin(1), payout(100, "return"), intended(1), closed()],
    "closed with a print": [opened(), *printed()[:3], closed()],
    "opened twice": [opened(), opened()],
    "payout of more than held": [opened(), coin(1), payout(200, "return")],
    "payout promised twice": [opened(), coin(1), payout(100, "return"), payout(100, "return", op="o2")],
    "payout of nothing": [opened(), coin(1), payout(0, "return")],
    "payout for nobody": [payout(100)],
    "dispense without a payout": [opened(), coin(1), intended(1)],
    "dispense of more than decided": [opened(), coin(1), payout(100, "return"), intended(2)],
    "dispense twice": [opened(), coin(1), payout(100, "return"), intended(1), intended(1)],
    "dispense of more than there is": [
        opened(),
        coin(1, C500, "cashbox"),
        payout(500),
        intended(5),
        *filled(2),
        intended(4, "d2"),
    ],
    "settled without intent": [opened(), settled(1, 1, "confirmed")],
    "settled twice": [
        opened(),
        coin(1),
        payout(100),
        intended(1),
        settled(1, 1, "confirmed"),
        settled(1, 1, "confirmed"),
    ],
    "paid more than asked": [opened(), coin(1), payout(100), intended(1), settled(1, 2, "confirmed")],
    "slip of more than held": [opened(), coin(1), r.OwedOnSlip(TX, "S-1", Yen(101), "shortage")],
    "slip twice": [opened(), coin(1), coin(2), *[r.OwedOnSlip(TX, "S-1", Yen(100), "x")] * 2],
    "slip for nobody": [r.OwedOnSlip(TX, "S-1", Yen(1), "x")],
    "booked without money": [opened(), *printed(), booked()],
    "booked twice": [opened(), coin(1), coin(2), coin(3), coin(4), *printed(), booked(), booked()],
    "booked at another fee": [opened(), coin(1), coin(2), *printed(), booked(100)],
    "booked and voided": [opened(), coin(1), coin(2), *printed(), booked(), r.LineVoided(TX, LINE, "x")],
    "printed before commit": [opened(), r.PrintIntended("p", TX, LINE, "certificate1", 1)],
    "printed after booking": [
        opened(),
        coin(1),
        coin(2),
        *printed(),
        booked(),
        r.PrintIntended("q", TX, LINE, "c", 1),
    ],
    "committed without intent": [opened(), r.LineCommitted(TX, LINE)],
    "incident of nowhere": [r.IncidentClosed("i9", "o", "r")],
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_should_be_impossible_is_named_and_never_makes_money(name: str) -> None:
    """Each of these would be our bug or a forged journal: the fold goes on, the balance says so."""
    ledger = told(filled(), IMPOSSIBLE[name])
    assert imbalances(ledger) != ()
    assert ledger.seq == len(filled()) + len(IMPOSSIBLE[name])
    assert decode(encode(ledger)) == ledger
    assert (
        ledger.totals.redeemed + ledger.totals.change + ledger.totals.returned
        <= ledger.totals.cash_in + Yen(100)
    )


def test_a_ledger_of_another_shape_is_not_read() -> None:
    with pytest.raises(PeerProtocolError):
        decode(encode(EMPTY).replace(f'"shape":{SHAPE}'.encode(), b'"shape":0'))
    with pytest.raises(PeerProtocolError):
        decode(b"{}x")
