"""Cashless money in the ledger: one story each, and a machine that tries everything against an abstract purse.

Property 2: tendered + cashless = fee + change + refund + open liability, in every reachable state.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk.journal import records as r
from kiosk.journal.ledger import EMPTY, decode, encode, fold, imbalances
from kiosk.money import Yen
from tests.engine.test_ledger import LINE, TX, booked, coin, filled, opened, printed, told

OP, VOID = "op00000001", "vo00000001"


def asked(amount: int = 200, op: str = OP, means: str = "edy") -> r.PaymentIntended:
    return r.PaymentIntended(op, TX, "terminal1", "POI-1", Yen(amount), means)


def ended(outcome: str = "confirmed", amount: int = 200, op: str = OP) -> r.PaymentSettled:
    return r.PaymentSettled(
        op, TX, Yen(amount if outcome in ("confirmed", "partial") else 0), outcome, "00001"
    )


def found(amount: int, op: str = OP, by: str = "device") -> r.PaymentResolved:
    return r.PaymentResolved(op, TX, Yen(amount), by, "status", "00001")


def void_asked(amount: int = 200) -> r.ReversalIntended:
    return r.ReversalIntended(VOID, OP, TX, "terminal1", "POI-1", Yen(amount), "edy")


def void_ended(outcome: str) -> r.ReversalSettled:
    return r.ReversalSettled(VOID, TX, outcome)


def slip(amount: int = 200, reason: str = "not-voided", name: str = "s1") -> r.OwedOnSlip:
    return r.OwedOnSlip(TX, name, Yen(amount), reason, "edy")


def closed(result: str = "issued") -> r.TransactionClosed:
    return r.TransactionClosed(TX, result)


def test_paid_printed_booked_and_gone() -> None:
    ledger = told(filled(), opened(), asked(), ended())
    account = ledger.accounts[TX]
    assert (account.held_cashless, account.held, account.remaining) == (Yen(200), Yen(0), Yen(0))
    assert account.payment is not None
    assert (account.payment.op, account.payment.reference) == (OP, "00001")
    ledger = told(printed(), booked(means="edy"), closed(), after=ledger)
    assert imbalances(ledger) == ()
    assert TX not in ledger.accounts
    assert (ledger.totals.charged, ledger.totals.receipts_cashless) == (Yen(200), Yen(200))
    assert ledger.totals.receipts_cash == Yen(0)
    assert ledger.in_units == ledger.float_amount


def test_declined_changes_nothing_and_another_means_may_follow() -> None:
    ledger = told(
        filled(), opened(), asked(), ended("refused"), coin(1), coin(2), printed(), booked(), closed()
    )
    assert imbalances(ledger) == ()
    assert ledger.totals.charged == Yen(0)


def test_unknown_is_in_no_balance_until_somebody_knows_and_then_firm_on_its_slip() -> None:
    doubt = told(opened(), asked(), ended("unknown"), slip(reason="unknown"), closed("slip"))
    assert imbalances(doubt) == ()
    assert doubt.accounts[TX].in_doubt_payment == Yen(200)
    assert (doubt.slips["s1"].amount, doubt.slips["s1"].doubtful) == (Yen(0), Yen(200))
    redeemed = told(r.SlipRedeemed("s1", Yen(200), "officer"), after=doubt)
    assert redeemed.violations, "nobody pays a slip whose money is in doubt"
    taken = told(found(200), after=doubt)
    assert imbalances(taken) == ()
    assert taken.slips["s1"].amount == Yen(200)
    paid = told(r.SlipRedeemed("s1", Yen(200), "officer"), after=taken)
    assert imbalances(paid) == ()
    assert (paid.totals.redeemed_cashless, paid.totals.redeemed) == (Yen(200), Yen(0))
    not_taken = told(found(0, by="officer"), after=doubt)
    assert imbalances(not_taken) == ()
    assert (not_taken.slips, not_taken.accounts) == ({}, {})


def test_a_void_gives_all_of_it_back() -> None:
    ledger = told(opened(), asked(), ended(), void_asked(), void_ended("confirmed"), closed("failed"))
    assert imbalances(ledger) == ()
    assert (ledger.totals.reversed, ledger.accounts) == (Yen(200), {})


def test_a_void_that_is_refused_leaves_it_held_and_a_slip_speaks_for_it() -> None:
    ledger = told(opened(), asked(), ended(), void_asked(), void_ended("refused"))
    assert ledger.accounts[TX].held_cashless == Yen(200)
    ledger = told(slip(), closed("slip"), after=ledger)
    assert imbalances(ledger) == ()
    assert (ledger.owed_cashless, ledger.owed) == (Yen(200), Yen(0))


def test_a_void_in_doubt_is_neither_ours_nor_given() -> None:
    story = (opened(), asked(), ended(), void_asked(), void_ended("unknown"), slip(reason="unknown"))
    doubt = told(*story, closed("slip"))
    assert imbalances(doubt) == ()
    assert (doubt.accounts[TX].held_cashless, doubt.accounts[TX].in_doubt_reversal) == (Yen(0), Yen(200))
    stands = told(r.ReversalResolved(VOID, TX, False, "device", "status"), after=doubt)
    assert imbalances(stands) == ()
    assert stands.slips["s1"].amount == Yen(200)
    done = told(r.ReversalResolved(VOID, TX, True, "officer", "acquirer"), after=doubt)
    assert imbalances(done) == ()
    assert (done.slips, done.accounts, done.totals.reversed) == ({}, {}, Yen(200))


def test_a_coin_that_falls_into_a_cashless_visit_is_cash_and_goes_back_as_cash() -> None:
    ledger = told(filled(), opened(), asked(), coin(1), ended())
    assert imbalances(ledger) == ()
    assert (ledger.accounts[TX].held, ledger.accounts[TX].held_cashless) == (Yen(100), Yen(200))


def test_what_should_be_impossible_is_named_and_makes_no_money() -> None:
    for story in (
        (asked(),),
        (opened(), asked(), asked()),
        (opened(), asked(201)),
        (opened(), asked(), asked(op="op2")),
        (filled(), opened(), coin(1), asked(100)),
        (opened(), asked(), ended("unknown"), asked(op="op2")),
        (opened(), ended()),
        (opened(), asked(), ended(), ended()),
        (opened(), asked(), ended("partial", 201)),
        (opened(), found(200)),
        (opened(), asked(), found(201)),
        (opened(), void_asked()),
        (opened(), asked(), ended(), void_asked(201)),
        (opened(), void_ended("confirmed")),
        (opened(), asked(), ended(), closed()),
        (opened(), asked(), closed()),
        (opened(), asked(), ended(), slip(201)),
        (opened(), asked(), ended(), slip(), slip()),
        (opened(), printed(), booked(means="edy")),
    ):
        assert told(*story).violations, story


class Terminals(RuleBasedStateMachine):
    """Every order of records that the engine may write, with what truly happened beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = EMPTY
        self.names = 0
        self.taken = 0
        """Yen that terminals truly took and did not give back, as far as anybody could say."""
        self.doubts: dict[str, bool] = {}
        """UNKNOWN operations, and whether each was truly done."""

    def tell(self, *records: r.AnyRecord) -> None:
        for record in records:
            self.ledger = fold(self.ledger, self.ledger.seq + 1, record)

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}{self.names}"

    def pick(self, data: st.DataObject, of: Iterable[str]) -> str:
        return data.draw(st.sampled_from(sorted(of)))

    @property
    def payable(self) -> list[str]:
        busy = {each.transaction for each in self.ledger.cashless.values()}
        return [
            a.transaction for a in self.ledger.open_transactions if a.remaining and a.transaction not in busy
        ]

    @property
    def paid(self) -> list[str]:
        busy = {each.transaction for each in self.ledger.cashless.values()}
        return [
            a.transaction
            for a in self.ledger.open_transactions
            if a.held_cashless and a.payment and a.transaction not in busy
        ]

    @precondition(lambda self: len(self.ledger.open_transactions) < 3)
    @rule(fees=st.lists(st.sampled_from([150, 200]), min_size=1, max_size=3))
    def open(self, fees: list[int]) -> None:
        lines = tuple(r.OrderedLine(self.name("l"), "juminhyo", Yen(fee), "s", 1) for fee in fees)
        self.tell(r.TransactionOpened(self.name("t"), "0001", Yen(sum(fees)), lines))

    @precondition(lambda self: self.payable)
    @rule(
        data=st.data(),
        how=st.sampled_from(["confirmed", "refused", "partial", "unknown"]),
        truth=st.booleans(),
    )
    def pay(self, data: st.DataObject, how: str, truth: bool) -> None:
        transaction = self.pick(data, self.payable)
        due, op = self.ledger.accounts[transaction].remaining, self.name("op")
        self.tell(r.PaymentIntended(op, transaction, "terminal1", "POI", due, "edy"))
        amount = {"confirmed": due, "partial": Yen(due.value - 50)}.get(how, Yen(0))
        self.taken += amount.value
        if how == "unknown":
            self.doubts[op] = truth
        self.tell(r.PaymentSettled(op, transaction, amount, how, "ref"))

    @precondition(lambda self: self.paid)
    @rule(data=st.data())
    def issue(self, data: st.DataObject) -> None:
        transaction = self.pick(data, self.paid)
        account = self.ledger.accounts[transaction]
        line = next((e for e in account.lines.values() if not (e.is_booked or e.is_voided)), None)
        if line is not None and line.fee <= account.held_cashless:
            self.tell(*printed(transaction, line.line))
            self.tell(r.LineBooked(transaction, line.line, line.kind, line.fee, "edy"))

    @precondition(lambda self: self.paid)
    @rule(data=st.data(), how=st.sampled_from(["confirmed", "refused", "unknown"]), truth=st.booleans())
    def void(self, data: st.DataObject, how: str, truth: bool) -> None:
        transaction = self.pick(data, self.paid)
        account, op = self.ledger.accounts[transaction], self.name("vo")
        if account.payment is None or account.payment.amount != account.held_cashless:
            return
        payment = account.payment
        self.tell(
            r.ReversalIntended(op, payment.op, transaction, "terminal1", "POI", payment.amount, payment.means)
        )
        self.taken -= payment.amount.value if how == "confirmed" else 0
        if how == "unknown":
            self.doubts[op] = truth
        self.tell(r.ReversalSettled(op, transaction, how))

    @precondition(lambda self: self.doubts)
    @rule(data=st.data(), by=st.sampled_from(["device", "officer"]))
    def resolve(self, data: st.DataObject, by: str) -> None:
        op = self.pick(data, self.doubts)
        done, going = self.doubts.pop(op), self.ledger.cashless[op]
        if going.of is None:
            self.taken += going.amount.value if done else 0
            self.tell(r.PaymentResolved(op, going.transaction, going.amount if done else Yen(0), by, "known"))
        else:
            self.taken -= going.amount.value if done else 0
            self.tell(r.ReversalResolved(op, going.transaction, done, by, "known"))

    @precondition(lambda self: self.ledger.accounts)
    @rule(data=st.data())
    def slip(self, data: st.DataObject) -> None:
        account = self.ledger.accounts[self.pick(data, self.ledger.accounts)]
        claimed = sum(
            e.doubtful.value for e in self.ledger.slips.values() if e.transaction == account.transaction
        )
        doubt = account.in_doubt_cashless.value - claimed
        flying = any(
            e.transaction == account.transaction and not e.is_unknown for e in self.ledger.cashless.values()
        )
        if doubt > 0 and not flying:
            self.tell(r.OwedOnSlip(account.transaction, self.name("s"), Yen(doubt), "unknown", "edy"))
        elif account.held_cashless and not flying:
            self.tell(
                r.OwedOnSlip(account.transaction, self.name("s"), account.held_cashless, "not-voided", "edy")
            )

    @precondition(lambda self: any(s.amount and not s.doubtful for s in self.ledger.slips.values()))
    @rule(data=st.data())
    def redeem(self, data: st.DataObject) -> None:
        firm = [s.slip for s in self.ledger.slips.values() if s.amount and not s.doubtful]
        chosen = self.ledger.slips[self.pick(data, firm)]
        self.tell(r.SlipRedeemed(chosen.slip, chosen.amount, "officer"))

    @rule()
    def reopen(self) -> None:
        """A restart from a checkpoint: nothing of it is lost."""
        assert decode(encode(self.ledger)) == self.ledger

    @invariant()
    def balances(self) -> None:
        assert imbalances(self.ledger) == ()

    @invariant()
    def tells_the_truth(self) -> None:
        ledger = self.ledger
        standing = ledger.totals.charged - ledger.totals.reversed
        assert standing.value == self.taken
        for account in ledger.accounts.values():  # property 2
            earned = account.booked_cashless + account.owed_cashless + account.held_cashless
            assert account.charged - account.reversed == earned + account.in_doubt_reversal
        assert ledger.in_units == Yen(0), "no yen of it lies in a unit"


TestTerminals = Terminals.TestCase
TestTerminals.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


def test_a_slip_written_before_this_release_is_read_as_cash() -> None:
    old = told(filled(), opened(), coin(1), r.OwedOnSlip(TX, "s1", Yen(100), "restart"))
    assert (old.slips["s1"].means, old.owed) == ("cash", Yen(100))
    assert imbalances(old) == ()
    assert LINE in old.accounts[TX].lines
