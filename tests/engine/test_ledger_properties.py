"""Random legal histories against an abstract purse that knows where every piece really is.

The purse knows the truth (pieces per unit, what each resident got); the ledger sees only records, as the engine would
write them, in-doubt ends and crashes included. After every step the ledger balances to ¥0 and never plans with a
piece that is not there.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)

from kiosk.ids import DeviceId
from kiosk.intents import EndExchange, StartExchange
from kiosk.journal import records as r
from kiosk.journal.accounts import Note
from kiosk.journal.ledger import EMPTY, Ledger, decode, encode, fold, imbalances
from kiosk.journal.records import Fund
from kiosk.money import Cash, Denomination, Yen
from kiosk.treasury.acts import Scene, Staff, perform
from kiosk.treasury.refusals import Refusal
from kiosk.view import Role

OFFICER = Staff("officer", Role.CASH_OFFICER)
UNITS = {
    "hopper10": Denomination.COIN10,
    "hopper100": Denomination.COIN100,
    "hopper500": Denomination.COIN500,
    "recycler1000": Denomination.NOTE1000,
}
CASHBOX = "cashbox"
BOX, NOTE = "recycler1000", Denomination.NOTE1000
FACES = [*UNITS.values()]


class Purse(RuleBasedStateMachine):
    """The abstract purse, and the ledger beside it."""

    slips = Bundle("slips")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = EMPTY
        self.history: list[r.AnyRecord] = []
        self.truth: dict[str, Counter[Denomination]] = {unit: Counter() for unit in (*UNITS, CASHBOX)}
        self.given: Counter[str] = Counter()
        self.authorised: Counter[str] = Counter()
        self.really_paid: dict[str, int] = {}
        self.coins = 0
        self.names = 0
        self.unseen = 0
        self.moved = 0
        for unit in self.truth:
            self.count_unit(unit, 30 if unit in UNITS else 0)

    def tell(self, *records: r.AnyRecord) -> None:
        for record in records:
            self.history.append(record)
            self.ledger = fold(self.ledger, self.ledger.seq + 1, record)

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}{self.names}"

    def count_unit(self, unit: str, pieces: int | None = None) -> None:
        if pieces:
            self.truth[unit][UNITS[unit]] += pieces
        self.tell(r.StockSet(unit, Cash(self.truth[unit]), "officer"))

    def open_accounts(self) -> list[str]:
        return [each.transaction for each in self.ledger.open_transactions]

    # --- a transaction --------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.open_accounts()) < 3)
    @rule(fees=st.lists(st.sampled_from([150, 200, 350]), min_size=1, max_size=3))
    def open(self, fees: list[int]) -> None:
        lines = tuple(r.OrderedLine(self.name("l"), "juminhyo", Yen(fee), "s", 1) for fee in fees)
        self.tell(r.TransactionOpened(self.name("t"), "0001", Yen(sum(fees)), lines))

    @rule(data=st.data(), face=st.sampled_from(FACES), is_routed=st.booleans())
    def insert(self, data: st.DataObject, face: Denomination, is_routed: bool) -> None:
        owner = data.draw(st.sampled_from([*self.open_accounts(), None]))
        homes = [unit for unit, kept in UNITS.items() if kept is face]
        unit = homes[0] if homes and is_routed else CASHBOX
        self.coins += 1
        self.truth[unit][face] += 1
        self.tell(r.CoinIn("coin1", 1, self.coins, self.coins % 256, face, unit, "S", owner))

    # --- notes ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.open_accounts() and len(self.ledger.notes) < 3)
    @rule(data=st.data())
    def order_in(self, data: st.DataObject) -> None:
        owner = data.draw(st.sampled_from(self.open_accounts()))
        self.tell(r.NoteIntended(self.name("n"), "note1", NOTE, "62", owner))

    def draw_note(self, data: st.DataObject) -> Note:
        return self.ledger.notes[data.draw(st.sampled_from(sorted(self.ledger.notes)))]

    @precondition(lambda self: self.ledger.notes)
    @rule(data=st.data(), is_lost=st.booleans(), unit=st.sampled_from([CASHBOX, BOX]))
    def credit(self, data: st.DataObject, is_lost: bool, unit: str) -> None:
        """The device's word, perhaps after a doubt; told again it changes nothing but the violations."""
        note = self.draw_note(data)
        if note.is_credited:
            return
        if is_lost:  # the power went first
            self.tell(r.NoteDoubted(note.op, "note1", "powered-up", note.transaction, NOTE))
        self.truth[unit][NOTE] += 1
        self.tell(r.NoteIn(note.op, "note1", NOTE, "62", unit, note.transaction))

    @precondition(lambda self: self.ledger.notes)
    @rule(data=st.data(), lies=st.sampled_from([CASHBOX, BOX]))
    def store(self, data: st.DataObject, lies: str) -> None:
        """Where it truly came to lie may be elsewhere than was said first."""
        note = self.draw_note(data)
        if not note.is_credited or self.truth[note.unit][NOTE] < 1:
            return
        if self.ledger.units[note.unit].deposited[NOTE]:  # nobody has counted since: the books follow
            self.truth[note.unit][NOTE] -= 1
            self.truth[lies][NOTE] += 1
        self.tell(r.NoteStored(note.op, "note1", lies))

    @precondition(lambda self: self.ledger.notes)
    @rule(data=st.data(), how=st.sampled_from(["back", "doubt", "found", "handed-back"]))
    def end_otherwise(self, data: st.DataObject, how: str) -> None:
        note = self.draw_note(data)
        if note.is_credited:
            return
        if how == "back":
            self.tell(r.NoteBack(note.op, "note1", note.transaction, NOTE, "asked"))
        elif how == "doubt":
            self.tell(r.NoteDoubted(note.op, "note1", "jam-in-stacker", note.transaction, NOTE))
        elif note.is_doubtful:
            unit = CASHBOX if how == "found" else ""
            if unit:
                self.truth[unit][NOTE] += 1
            self.tell(r.NoteResolved(note.op, "note1", note.transaction, NOTE, unit, "officer", "seen"))

    @rule(data=st.data(), at_most=st.integers(1, 5), really=st.integers(0, 5))
    def lose_credits(self, data: st.DataObject, at_most: int, really: int) -> None:
        unit = data.draw(st.sampled_from(sorted(UNITS)))
        self.truth[unit][UNITS[unit]] += min(at_most, really)
        self.unseen += min(at_most, really) * UNITS[unit].face.value
        self.tell(r.CreditsUnknown("coin1", 1, at_most, None))

    @precondition(lambda self: self.open_accounts())
    @rule(data=st.data(), outcome=st.sampled_from(["confirmed", "refused", "unknown", "crash"]))
    def issue(self, data: st.DataObject, outcome: str) -> None:
        transaction = data.draw(st.sampled_from(self.open_accounts()))
        account = self.ledger.accounts[transaction]
        promised = sum(p.open.value for p in self.ledger.payouts.values() if p.transaction == transaction)
        lines = [each for each in account.lines.values() if not (each.is_booked or each.is_voided)]
        if not lines or account.held.value - promised < lines[0].fee.value:
            return
        line = lines[0]
        self.tell(r.CommitIntended(transaction, line.line), r.LineCommitted(transaction, line.line))
        op = self.name("p")
        self.tell(r.PrintIntended(op, transaction, line.line, "certificate1", 1))
        if outcome == "crash":
            self.tell(r.Started("1", "boot"))
            outcome = "unknown"
        self.tell(r.PrintSettled(op, transaction, line.line, outcome, int(outcome == "confirmed")))
        if outcome == "confirmed":
            self.tell(r.LineBooked(transaction, line.line, line.kind, line.fee, "cash"))
        elif outcome == "refused":
            self.tell(r.LineVoided(transaction, line.line, "not-printed"))

    # --- money out ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.open_accounts())
    @rule(data=st.data(), purpose=st.sampled_from(["change", "return", "offer"]))
    def decide(self, data: st.DataObject, purpose: str) -> None:
        transaction = data.draw(st.sampled_from(self.open_accounts()))
        account = self.ledger.accounts[transaction]
        promised = sum(p.open.value for p in self.ledger.payouts.values() if p.transaction == transaction)
        free = account.held.value - promised
        if free > 0:
            amount = data.draw(st.integers(1, free // 10)) * 10 if free >= 10 else free
            self.authorised[transaction] += amount
            self.tell(r.PayoutDecided(self.name("o"), transaction, purpose, Yen(amount)))

    @precondition(lambda self: self.ledger.payouts)
    @rule(data=st.data(), end=st.sampled_from(["confirmed", "partial", "refused", "unknown", "crash"]))
    def dispense(self, data: st.DataObject, end: str) -> None:
        payout = self.ledger.payouts[data.draw(st.sampled_from(sorted(self.ledger.payouts)))]
        unit = data.draw(st.sampled_from(sorted(UNITS)))
        face = UNITS[unit]
        most = min(payout.open.value // face.face.value, self.ledger.stock([unit])[face])
        if most <= 0:
            return
        count = data.draw(st.integers(1, most))
        assert self.truth[unit][face] >= count  # never planned with a piece that is not there
        paid = {"confirmed": count, "refused": 0}.get(end, data.draw(st.integers(0, count)))
        op = self.name("d")
        self.tell(r.DispenseIntended(op, payout.payout, payout.transaction, unit, face, count, 1, 1, "H"))
        if face.is_note:  # note by note, each durable before the next
            for so_far in range(1, (data.draw(st.integers(0, paid)) if paid else 0) + 1):
                self.tell(r.DispenseAdvanced(op, payout.transaction, unit, face, so_far))
        self.truth[unit][face] -= paid
        self.given[payout.transaction] += paid * face.face.value
        self.really_paid[op] = paid
        if end == "crash":
            self.tell(r.Started("1", "boot"))
            self.tell(r.DispenseResolved(op, payout.transaction, unit, face, paid, "device", "counter"))
            return
        advanced = self.ledger.dispenses[op].advanced
        proven = data.draw(st.integers(advanced, paid)) if end == "unknown" else paid
        self.tell(r.DispenseSettled(op, payout.transaction, unit, face, count, proven, end))

    @precondition(lambda self: self.ledger.doubts)
    @rule(data=st.data(), by=st.sampled_from(["device", "officer"]))
    def resolve(self, data: st.DataObject, by: str) -> None:
        op = data.draw(st.sampled_from(sorted(self.ledger.doubts)))
        doubt = self.ledger.doubts[op]
        paid = self.really_paid[op]
        self.tell(
            r.DispenseResolved(op, doubt.transaction, doubt.device, doubt.denomination, paid, by, "seen")
        )

    @precondition(lambda self: self.open_accounts())
    @rule(target=slips, data=st.data(), reason=st.sampled_from(["shortage", "unknown", "restart"]))
    def write_slip(self, data: st.DataObject, reason: str) -> object:
        account = self.ledger.accounts[data.draw(st.sampled_from(self.open_accounts()))]
        claimed = sum(
            each.doubtful.value
            for each in self.ledger.slips.values()
            if each.transaction == account.transaction
        )
        most = account.held.value + account.in_doubt.value - claimed
        if most <= 0:
            return multiple()
        slip = self.name("S")
        amount = Yen(data.draw(st.integers(1, most)))
        self.tell(r.OwedOnSlip(account.transaction, slip, amount, reason))
        return slip

    @rule(slip=consumes(slips))
    def redeem(self, slip: str) -> None:
        owed = self.ledger.slips.get(slip)
        if owed is not None and not owed.doubtful:
            self.tell(r.SlipRedeemed(slip, owed.amount, "officer"))

    # --- the rest of the day --------------------------------------------------------------------------------

    @precondition(lambda self: self.open_accounts())
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        account = self.ledger.accounts[data.draw(st.sampled_from(self.open_accounts()))]
        payouts = [each for each in self.ledger.payouts.values() if each.transaction == account.transaction]
        notes = [each for each in self.ledger.notes.values() if each.transaction == account.transaction]
        if not account.held and not any(each.open for each in payouts) and all(n.is_credited for n in notes):
            self.tell(r.TransactionClosed(account.transaction, "issued"))

    @rule(unit=st.sampled_from([*UNITS, CASHBOX]))
    def recount(self, unit: str) -> None:
        self.count_unit(unit)

    @rule(data=st.data(), purpose=st.sampled_from(["replenish", "collect", "recount", "repair"]))
    def exchange(self, data: st.DataObject, purpose: str) -> None:
        """An officer opens a unit, counts it or not, puts in or takes out, and names no fund: the usual ones count."""
        unit = data.draw(st.sampled_from(sorted(UNITS)))
        scene = Scene({DeviceId(unit): (UNITS[unit],)}, lambda: self.name("S"), "2026-11-30")
        begin = perform(self.ledger, OFFICER, StartExchange(purpose=purpose, units=(unit,)), scene)
        assert not isinstance(begin, Refusal)
        self.tell(*begin)
        there = self.truth[unit][UNITS[unit]]
        counted = data.draw(st.booleans()) or purpose in ("recount", "repair")
        put_in = data.draw(st.integers(0, 9)) if purpose in ("replenish", "repair") else 0
        known = there if counted else self.ledger.stock([unit])[UNITS[unit]]
        taken = data.draw(st.integers(0, known + put_in)) if purpose in ("collect", "repair") else 0
        after = r.UnitAfter(
            unit,
            Cash({UNITS[unit]: there}) if counted else None,
            Cash({UNITS[unit]: put_in}),
            Cash({UNITS[unit]: taken}),
        )
        number = self.ledger.exchange.exchange
        done = EndExchange(exchange=number, units=(after,), reason="unknown")
        end = perform(self.ledger, OFFICER, done, scene)
        if isinstance(end, Refusal):  # a unit that was never exact is counted before anything is moved
            assert end.code == "count-first" and not counted
            end = perform(self.ledger, OFFICER, EndExchange(exchange=number), scene)
            assert not isinstance(end, Refusal)
            self.tell(*end)
            return
        self.tell(*end)
        self.truth[unit][UNITS[unit]] += put_in - taken
        for share in end[0].shares:
            if share.fund in (Fund.FLOAT, Fund.DIFFERENCE):
                self.moved += share.amount.value

    @rule()
    def close_day(self) -> None:
        self.tell(r.DayClosed(self.ledger.day.number + 1 if self.ledger.day else 1, "officer"))

    @precondition(lambda self: self.ledger.reports)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        due = self.ledger.reports[data.draw(st.sampled_from(sorted(self.ledger.reports)))]
        kind = r.PrintedReported if due.what == "printed" else r.VoidReported
        self.tell(kind(due.transaction, due.line))

    # --- what always holds ----------------------------------------------------------------------------------

    @invariant()
    def balances(self) -> None:
        assert imbalances(self.ledger) == ()

    @invariant()
    def nobody_got_more_than_was_decided(self) -> None:
        assert all(self.given[each] <= self.authorised[each] for each in self.given)

    @invariant()
    def never_plans_with_what_is_not_there(self) -> None:
        for unit in self.truth:
            assert Cash(self.truth[unit]).covers(self.ledger.stock([unit]))

    def teardown(self) -> None:
        """Everything resolved and counted: the books know every yen that the purse knows."""
        for op, doubt in list(self.ledger.doubts.items()):
            paid = self.really_paid[op]
            self.tell(
                r.DispenseResolved(
                    op, doubt.transaction, doubt.device, doubt.denomination, paid, "officer", ""
                )
            )
        for unit in self.truth:
            self.count_unit(unit)
        self.balances()
        assert self.ledger.in_units.value == sum(Cash(each).total.value for each in self.truth.values())
        loaded = 30 * sum(face.face.value for face in UNITS.values())
        staffs = self.ledger.float_amount + self.ledger.difference
        assert staffs.value == loaded + self.unseen + self.moved  # no yen of the residents' is ours
        self.folds_the_same_from_anywhere()

    def folds_the_same_from_anywhere(self) -> None:
        """From a checkpoint in the middle, and again from the start: the same value."""
        half = len(self.history) // 2
        first = folded(EMPTY, self.history[:half])
        assert folded(decode(encode(first)), self.history[half:]) == self.ledger
        assert folded(EMPTY, self.history) == self.ledger


def folded(ledger: Ledger, history: list[r.AnyRecord]) -> Ledger:
    for record in history:
        ledger = fold(ledger, ledger.seq + 1, record)
    return ledger


TestPurse = Purse.TestCase
TestPurse.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
