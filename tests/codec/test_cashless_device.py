"""The terminal machine against the simulated terminal, in one process: the test's own time, a wire that hurts."""

from __future__ import annotations

from collections import deque
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cashless.codec import Message
from drivers.cashless.device import HangUp, Out, Terminal
from drivers.cashless.settings import Settings
from drivers.cashless.sim.terminal import Pace, SimTerminal
from drivers.cashless.sim.world import PURSE, World
from kiosk.money import Yen
from kiosk.ports import (
    AbortPayment,
    DeviceArrived,
    DeviceLost,
    Event,
    Outcome,
    PaymentEnded,
    PaymentProgressed,
    ReadPayment,
    ReadReversal,
    ReadTerminal,
    Reconcile,
    ReconciliationEnded,
    RequestPayment,
    RequestReversal,
    ReversalEnded,
    TerminalRead,
)

E = TypeVar("E", bound=Event)

SETTINGS = Settings(port="tcp://127.0.0.1:1", poi="POI-0001", sale="kiosk-1")
PAY = RequestPayment("op00000001", "terminal1", "POI-0001", Yen(200), "edy", "0001")
READ = ReadPayment("op00000001", "terminal1", "POI-0001", Yen(200))


class Rig:
    """Machine, wire and terminal. `drop` counts answers that are lost; a lost connection loses what is on its way."""

    def __init__(self, poi: str = "POI-0001", serial: str = "SIM-0001") -> None:
        self.now_s = 0.0
        self.world = World(None)
        self.poi, self.serial = poi, serial
        self.sim = self.fresh_sim()
        self.told: list[Event] = []
        self.sent: list[Message] = []
        self.to_sim: deque[Message] = deque()
        self.to_us: deque[Message] = deque()
        self.is_up = False
        self.ids = 0
        self.comes_back = False
        """Whether the connection is made anew by itself."""
        self.fresh_host()

    def fresh_sim(self) -> SimTerminal:
        return SimTerminal(self.world, self.poi, Pace(read_s=0.5, wait_s=60, again_s=15), self.serial)

    def fresh_host(self) -> None:
        """The core died and lives again: nothing is remembered."""
        self.machine = Terminal("terminal1", SETTINGS, self._next_id, lambda: "2026-11-29T00:00:00+00:00")
        self.is_up = False

    def _next_id(self) -> str:
        self.ids += 1
        return f"s{self.ids:09d}"

    def do(self, out: list[Out]) -> None:
        for each in out:
            if isinstance(each, Message):
                self.sent.append(each)
                if self.is_up:
                    self.to_sim.append(each)
            elif isinstance(each, HangUp):
                self.cut(each.code)
            else:
                self.told.append(each)

    def connect(self) -> None:
        self.is_up = True
        self.sim.is_logged_in = False
        self.to_sim.clear()
        self.to_us.clear()
        self.do(self.machine.connected(self.now_s))

    def cut(self, code: str = "hung-up") -> None:
        self.is_up = False
        self.to_us.clear()
        self.do(self.machine.lost(code, self.now_s))

    def step(self) -> bool:
        """One message further, either way."""
        if self.to_sim:
            self.to_us.extend(self.sim.handle(self.to_sim.popleft(), self.now_s))
            return True
        if self.to_us and self.is_up:
            self.do(self.machine.received(self.to_us.popleft(), self.now_s))
            return True
        return False

    def flow(self) -> None:
        while self.step():
            pass

    def pass_time(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s = min(until_s, self.now_s + 0.25)
            self.to_us.extend(self.sim.advance(self.now_s))
            self.flow()
            self.do(self.machine.tick(self.now_s))
            self.flow()
            if self.comes_back and not self.is_up:
                self.connect()

    def touch(self, brand: str = "edy", how: str = "") -> None:
        _, out = self.sim.touch(brand, how, self.now_s)
        self.to_us.extend(out)
        self.flow()

    def perform(self, command: object) -> None:
        self.do(self.machine.perform(command, self.now_s))
        self.flow()

    def of(self, kind: type[E]) -> list[E]:
        return [each for each in self.told if isinstance(each, kind)]

    @property
    def end(self) -> PaymentEnded:
        return self.of(PaymentEnded)[-1]

    def requests(self, category: str) -> int:
        return sum(each.category == category for each in self.sent)


@pytest.fixture
def rig() -> Rig:
    found = Rig()
    found.connect()
    found.flow()
    return found


def test_it_logs_in_and_says_whether_it_takes_payments(rig: Rig) -> None:
    assert rig.told == [
        DeviceArrived("terminal1", "nexo terminal POI-0001 SIM-0001"),
        TerminalRead("terminal1", "POI-0001", True),
    ]
    rig.sim.mode = "offline"
    rig.perform(ReadTerminal("terminal1"))
    assert rig.told[-1] == TerminalRead("terminal1", "POI-0001", False, "offline")
    rig.sim.mode = "maintenance"
    rig.pass_time(SETTINGS.diagnosis_every_s + 1)
    assert rig.told[-1] == TerminalRead("terminal1", "POI-0001", False, "maintenance")


def test_a_payment(rig: Rig) -> None:
    rig.perform(PAY)
    assert rig.sim.display == "Payment wait edy 200"
    rig.touch()
    assert rig.of(PaymentProgressed) == [PaymentProgressed(PAY.op, "terminal1", "processing")]
    rig.pass_time(1)
    assert rig.end == PaymentEnded(PAY.op, "terminal1", Outcome.CONFIRMED, Yen(200), "00001", "", Yen(PURSE))
    assert rig.world.taken == {"edy": 200}
    assert rig.requests("Payment") == 1


def test_declined_cancelled_and_aborted_take_nothing(rig: Rig) -> None:
    rig.sim.declines = 1
    rig.perform(PAY)
    rig.touch()
    rig.pass_time(1)
    assert (rig.end.outcome, rig.end.code) == (Outcome.REFUSED, "declined")
    rig.perform(RequestPayment("op00000002", "terminal1", "POI-0001", Yen(200), "edy", "0001"))
    rig.to_us.extend(rig.sim.cancel())
    rig.flow()
    assert (rig.end.outcome, rig.end.code) == (Outcome.REFUSED, "cancelled")
    rig.perform(RequestPayment("op00000003", "terminal1", "POI-0001", Yen(200), "edy", "0001"))
    rig.perform(AbortPayment("op00000003", "terminal1"))
    assert (rig.end.outcome, rig.end.code) == (Outcome.REFUSED, "aborted")
    assert rig.world.taken == {}


def test_an_empty_purse_is_declined(rig: Rig) -> None:
    rig.world.cards["edy"] = 199
    rig.perform(PAY)
    rig.touch()
    rig.pass_time(1)
    assert (rig.end.outcome, rig.end.code) == (Outcome.REFUSED, "declined")


def test_an_abort_that_comes_too_late_ends_in_what_was_taken(rig: Rig) -> None:
    rig.perform(PAY)
    rig.touch()
    rig.perform(AbortPayment(PAY.op, "terminal1"))
    rig.pass_time(1)
    assert rig.end.outcome is Outcome.CONFIRMED


def test_the_answer_is_lost_and_found_by_its_status(rig: Rig) -> None:
    rig.perform(PAY)
    rig.touch()
    rig.now_s += 1
    assert rig.sim.advance(rig.now_s)  # carried out; this answer never arrives
    assert not rig.of(PaymentEnded)
    rig.pass_time(SETTINGS.quiet_s + 1)
    assert rig.end.outcome is Outcome.CONFIRMED
    assert rig.end.reference == "00001"
    assert rig.requests("Payment") == 1


def test_the_connection_dies_after_the_act_and_the_status_is_asked_on_the_next(rig: Rig) -> None:
    rig.perform(PAY)
    rig.touch()
    rig.now_s += 1
    rig.sim.advance(rig.now_s)
    rig.sim = rig.fresh_sim()  # the terminal lost its power, too
    rig.cut()
    assert rig.told[-1] == DeviceLost("terminal1", "hung-up")
    rig.connect()
    rig.flow()
    assert rig.end.outcome is Outcome.CONFIRMED
    assert rig.requests("Payment") == 1


def test_a_request_that_never_arrived_is_refused_after_it_was_said_twice(rig: Rig) -> None:
    rig.do(rig.machine.perform(PAY, rig.now_s))
    rig.to_sim.clear()
    rig.pass_time(SETTINGS.quiet_s + 0.5)
    assert not rig.of(PaymentEnded), "once is not proof"
    rig.pass_time(SETTINGS.settle_s + 0.5)
    assert (rig.end.outcome, rig.end.code) == (Outcome.REFUSED, "not-received")


def test_a_terminal_that_stays_away_is_unknown_until_it_is_asked_again(rig: Rig) -> None:
    rig.perform(PAY)
    rig.touch()
    rig.cut()
    rig.now_s += 1
    rig.sim.advance(rig.now_s)
    rig.pass_time(SETTINGS.resolve_s + 1)
    assert (rig.end.outcome, rig.end.code) == (Outcome.UNKNOWN, "no-answer")
    rig.connect()
    rig.flow()
    rig.perform(READ)
    assert rig.end.outcome is Outcome.CONFIRMED


def test_pulled_away_and_touched_again_is_paid_once(rig: Rig) -> None:
    rig.perform(PAY)
    rig.touch(how="early-charged")
    assert rig.of(PaymentProgressed)[-1].stage == "touch_again"
    rig.touch()
    assert rig.end.outcome is Outcome.CONFIRMED
    assert rig.world.taken == {"edy": 200}


def test_the_next_life_ends_a_payment_that_still_waits_for_a_card(rig: Rig) -> None:
    rig.perform(PAY)
    rig.fresh_host()
    rig.connect()
    rig.flow()
    rig.perform(READ)
    rig.perform(AbortPayment(PAY.op, "terminal1"))
    assert (rig.end.outcome, rig.end.code) == (Outcome.REFUSED, "aborted")


@pytest.mark.parametrize("truth", ["early-charged", "early-not"])
def test_pulled_away_and_gone_is_unknown_until_the_acquirer_has_looked(rig: Rig, truth: str) -> None:
    rig.perform(PAY)
    rig.touch(how=truth)
    rig.pass_time(16)
    assert (rig.end.outcome, rig.end.code, rig.end.balance_before) == (
        Outcome.UNKNOWN,
        "incomplete",
        Yen(PURSE),
    )
    rig.perform(READ)
    assert rig.end.outcome is Outcome.UNKNOWN, "asking again proves nothing new"
    rig.sim.settle_all()
    rig.perform(READ)
    assert rig.end.outcome is (Outcome.CONFIRMED if truth == "early-charged" else Outcome.REFUSED)


def test_an_answer_that_comes_after_all_is_told(rig: Rig) -> None:
    rig.perform(PAY)
    rig.touch()
    rig.now_s += 1
    late = rig.sim.advance(rig.now_s)
    rig.cut()
    rig.pass_time(SETTINGS.resolve_s + 1)
    assert rig.end.outcome is Outcome.UNKNOWN
    rig.connect()
    rig.flow()
    rig.to_us.extend(late)
    rig.flow()
    assert rig.end.outcome is Outcome.CONFIRMED


def test_duplicated_answers_change_nothing(rig: Rig) -> None:
    rig.perform(PAY)
    rig.touch()
    rig.now_s += 1
    out = rig.sim.advance(rig.now_s)
    rig.to_us.extend([*out, *out])
    rig.flow()
    assert len(rig.of(PaymentEnded)) == 1


def test_nobody_touches_for_too_long_and_it_is_aborted(rig: Rig) -> None:
    rig.sim.pace.wait_s = 1000
    rig.perform(PAY)
    rig.pass_time(SETTINGS.payment_s + 1)
    assert (rig.end.outcome, rig.end.code) == (Outcome.REFUSED, "aborted")


def test_a_terminal_in_progress_for_ever_is_unknown_in_the_end(rig: Rig) -> None:
    rig.sim.pace.read_s = rig.sim.pace.wait_s = 10_000
    rig.perform(PAY)
    rig.touch()
    rig.pass_time(SETTINGS.payment_s + SETTINGS.resolve_s + 20)
    assert rig.end.outcome is Outcome.UNKNOWN
    assert rig.requests("Payment") == 1


def test_a_silent_terminal_is_hung_up_on(rig: Rig) -> None:
    rig.do(rig.machine.perform(ReadTerminal("terminal1"), rig.now_s))
    rig.to_sim.clear()
    rig.pass_time(SETTINGS.reply_s + 0.5)
    assert rig.told[-1] == DeviceLost("terminal1", "no-answer")


def test_another_terminal_or_serial_is_not_talked_to() -> None:
    other = Rig(poi="POI-0666")
    other.connect()
    other.flow()
    assert other.told == [DeviceLost("terminal1", "wrong-terminal")]
    rig = Rig()
    rig.machine = Terminal(
        "terminal1",
        Settings(port=SETTINGS.port, poi="POI-0001", sale="kiosk-1", serial="OTHER"),
        rig._next_id,
        str,
    )
    rig.connect()
    rig.flow()
    assert rig.told == [DeviceLost("terminal1", "wrong-serial")]


def test_what_cannot_be_begun_is_refused_unsent(rig: Rig) -> None:
    rig.perform(RequestPayment("op00000009", "terminal1", "POI-0666", Yen(200), "edy", "0001"))
    assert (rig.end.outcome, rig.end.code) == (Outcome.REFUSED, "wrong-terminal")
    rig.perform(PAY)
    rig.perform(RequestPayment("op00000002", "terminal1", "POI-0001", Yen(200), "edy", "0001"))
    assert (rig.end.op, rig.end.outcome, rig.end.code) == ("op00000002", Outcome.REFUSED, "busy")
    rig.cut()
    down = Rig()
    down.perform(PAY)
    assert (down.end.outcome, down.end.code) == (Outcome.REFUSED, "no-terminal")
    down.perform(ReadPayment("op1", "terminal1", "POI-0666", Yen(1)))
    assert (down.end.outcome, down.end.code) == (Outcome.UNKNOWN, "wrong-terminal")
    assert not down.requests("Payment")


@pytest.mark.parametrize(
    ("brand", "outcome"),
    [("credit", Outcome.CONFIRMED), ("edy", Outcome.REFUSED), ("nanaco", Outcome.REFUSED)],
)
def test_a_void_by_the_brands_own_rule(rig: Rig, brand: str, outcome: Outcome) -> None:
    pay = RequestPayment("op00000001", "terminal1", "POI-0001", Yen(200), brand, "0001")
    rig.perform(pay)
    rig.touch(brand)
    rig.pass_time(1)
    void = RequestReversal("vo00000001", "terminal1", "POI-0001", pay.op, rig.end.reference, Yen(200), brand)
    rig.perform(void)
    assert rig.of(ReversalEnded)[-1].outcome is outcome
    assert rig.world.taken == ({} if outcome is Outcome.CONFIRMED else {brand: 200})
    rig.perform(ReadReversal(void.op, "terminal1", "POI-0001"))
    assert rig.of(ReversalEnded)[-1].outcome is outcome, "the status says the same"


def test_a_void_that_wants_the_card_again(rig: Rig) -> None:
    rig.perform(RequestPayment("op00000001", "terminal1", "POI-0001", Yen(200), "waon", "0001"))
    rig.touch("waon")
    rig.pass_time(1)
    rig.perform(
        RequestReversal(
            "vo00000001", "terminal1", "POI-0001", "op00000001", rig.end.reference, Yen(200), "waon"
        )
    )
    assert rig.sim.display == "Reversal wait waon 200"
    rig.touch("waon")
    rig.pass_time(1)
    assert rig.of(ReversalEnded)[-1].outcome is Outcome.CONFIRMED
    assert rig.world.taken == {}


def test_a_read_waits_for_the_operation_that_runs(rig: Rig) -> None:
    rig.perform(PAY)
    rig.touch()
    rig.pass_time(1)
    rig.perform(RequestPayment("op00000002", "terminal1", "POI-0001", Yen(200), "edy", "0001"))
    rig.perform(READ)
    rig.touch()
    rig.pass_time(1)
    assert [each.op for each in rig.of(PaymentEnded)] == ["op00000001", "op00000002", "op00000001"]


def test_the_terminals_own_day(rig: Rig) -> None:
    rig.perform(PAY)
    rig.touch()
    rig.pass_time(1)
    rig.perform(Reconcile("rc00000001", "terminal1", "POI-0001"))
    ended = rig.of(ReconciliationEnded)[-1]
    assert (ended.outcome, [(each.brand, each.paid) for each in ended.totals]) == (
        Outcome.CONFIRMED,
        [("edy", Yen(200))],
    )


ACCIDENTS = st.sampled_from(
    ["step", "step", "step", "time", "long", "touch", "early-charged", "early-not", "cut", "connect", "lose-in",
     "lose-out", "twice-in", "twice-out", "sim-power", "host-dies", "abort", "decline"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(ACCIDENTS, max_size=30))
def test_whatever_happens_on_the_wire_nothing_is_taken_twice_and_no_word_is_false(
    accidents: list[str],
) -> None:
    rig = Rig()
    rig.connect()
    rig.flow()
    rig.do(rig.machine.perform(PAY, rig.now_s))
    for each in accidents:
        _befall(rig, each)
        if _charged(rig) > 1:
            raise AssertionError("taken twice")
    # peace returns: the terminal is there, the status is asked until it is known
    rig.comes_back = True
    rig.pass_time(200)
    rig.sim.settle_all()
    rig.perform(READ)
    rig.pass_time(200)
    assert rig.requests("Payment") <= 1
    ends = rig.of(PaymentEnded)
    assert ends, "every payment ends"
    assert ends[-1].outcome in (Outcome.CONFIRMED, Outcome.REFUSED)
    assert (ends[-1].outcome is Outcome.CONFIRMED) == bool(_charged(rig))
    known = {each.outcome for each in ends if each.outcome is not Outcome.UNKNOWN}
    assert len(known) == 1, "a word once given is never taken back"


def _charged(rig: Rig) -> int:
    return sum(each["is_charged"] for each in rig.world.transactions)


def _befall(rig: Rig, what: str) -> None:
    match what:
        case "step":
            rig.step()
        case "time":
            rig.pass_time(1)
        case "long":
            rig.pass_time(20)
        case "touch":
            _, out = rig.sim.touch("edy", "", rig.now_s)
            rig.to_us.extend(out)
        case "early-charged" | "early-not":
            _, out = rig.sim.touch("edy", what, rig.now_s)
            rig.to_us.extend(out)
        case "cut":
            rig.cut()
        case "connect" if not rig.is_up:
            rig.connect()
        case "lose-in" if rig.to_us:
            rig.to_us.popleft()
        case "lose-out" if rig.to_sim:
            rig.to_sim.popleft()
        case "twice-in" if rig.to_us:
            rig.to_us.append(rig.to_us[0])
        case "twice-out" if rig.to_sim:
            rig.to_sim.append(rig.to_sim[0])
        case "sim-power":
            rig.sim = rig.fresh_sim()
            rig.cut()
        case "host-dies":
            rig.fresh_host()
            rig.connect()
            rig.do(rig.machine.perform(READ, rig.now_s))
        case "abort":
            rig.do(rig.machine.perform(AbortPayment(PAY.op, "terminal1"), rig.now_s))
        case "decline":
            rig.sim.declines = 1
