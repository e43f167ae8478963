"""The hopper machine: one dispense command for one operation, and counters decide what became of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cctalk.hopper import Hopper
from drivers.cctalk.messages import Header, HopperFlag
from drivers.cctalk.sim.hopper import SimHopper
from drivers.cctalk.sim.slave import Answer
from drivers.cctalk.sim.world import FILLED, PAYOUT_TRAY
from kiosk.errors import ContractError
from kiosk.ids import DeviceId, OpId
from kiosk.money import Denomination
from kiosk.ports import (
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    Dispense,
    DispenseEnded,
    DispenseProgressed,
    HopperRead,
    Outcome,
    ReadHopper,
    ResolveDispense,
    SetAcceptance,
)
from tests.codec.cctalk_table import HEARD, SERIAL, UNANSWERED, UNHEARD, RamWorld, Table, hopper, sim_hopper

HOPPER = DeviceId("hopper100")
OP = OpId("op")
DISPENSE = Header.DISPENSE_HOPPER_COINS


class Bench(Table):
    """One hopper on the table."""

    def __init__(self, *, security: str = "either", is_ciphered: bool = False, pieces: int = 50) -> None:
        super().__init__()
        self.world = RamWorld(pieces)
        self.device = sim_hopper(self.world, security)
        self.slaves = {5: self.device}
        self.is_ciphered = is_ciphered
        self.machine = Hopper.__new__(Hopper)
        self.new_core()

    def new_core(self) -> None:
        """As after a crash of the kiosk: nothing is remembered here."""
        self.machine = hopper(is_ciphered=self.is_ciphered)
        self.machines = [self.machine]

    def ready(self) -> HopperRead:
        return self.run_until(HopperRead)

    def dispense(self, count: int, op: str = OP) -> None:
        self.perform(self.machine, Dispense(OpId(op), HOPPER, count))

    def ended(self) -> DispenseEnded:
        return self.run_until(DispenseEnded)

    def resolve(self, asked: int, read: HopperRead) -> DispenseEnded:
        self.perform(
            self.machine, ResolveDispense(OP, HOPPER, asked, read.event_counter, read.lifetime, read.serial)
        )
        return self.ended()

    @property
    def out(self) -> int:
        """Pieces that truly fell."""
        return self.world.count(PAYOUT_TRAY)

    @property
    def commands(self) -> int:
        """How many dispense commands left for the device."""
        return sum(header == DISPENSE for _, header in self.sent)


def test_it_introduces_itself() -> None:
    bench = Bench()
    read = bench.ready()
    assert bench.events == [DeviceArrived(HOPPER, f"SIM SIM-HP 1.0 #{SERIAL}"), read]
    assert read == HopperRead(HOPPER, Denomination.COIN100, str(SERIAL), 0, 0, is_low=False, is_high=False)
    assert bench.commands == 0


@pytest.mark.parametrize(
    ("security", "is_ciphered"), [("serial", False), ("cipher", True), ("either", False), ("either", True)]
)
def test_three_coins_from_command_to_event(security: str, is_ciphered: bool) -> None:
    bench = Bench(security=security, is_ciphered=is_ciphered)
    bench.ready()
    bench.dispense(3)
    assert bench.ended() == DispenseEnded(OP, HOPPER, Outcome.CONFIRMED, 3, 3, 1, 3)
    assert [each.paid for each in bench.all(DispenseProgressed)] == [1, 2]
    assert bench.events[-1] == HopperRead(HOPPER, Denomination.COIN100, str(SERIAL), 1, 3, False, False)
    assert (bench.out, bench.commands) == (3, 1)


def test_the_wrong_security_is_refused_by_the_device_and_nothing_falls() -> None:
    bench = Bench(security="cipher", is_ciphered=False)
    bench.ready()
    bench.dispense(3)
    ended = bench.ended()
    assert (ended.outcome, ended.paid, bench.out, bench.commands) == (Outcome.REFUSED, 0, 0, 1)


@pytest.mark.parametrize("fate", [UNHEARD, UNANSWERED])
def test_a_lost_answer_is_never_asked_for_again(fate: str) -> None:
    bench = Bench()
    bench.ready()
    bench.fate = lambda header: fate if header == DISPENSE else HEARD
    bench.dispense(3)
    ended = bench.ended()
    assert bench.commands == 1
    assert bench.out == ended.paid == (3 if fate == UNANSWERED else 0)
    assert ended.outcome is (Outcome.CONFIRMED if fate == UNANSWERED else Outcome.REFUSED)
    assert ended.code == ("" if fate == UNANSWERED else "not-received")


def test_a_command_that_arrives_late_is_still_seen() -> None:
    """A slow adapter: the device hears the command after we have given up waiting for its answer."""
    bench = Bench()
    bench.ready()
    bench.fate = lambda header: UNHEARD if header == DISPENSE else HEARD
    bench.dispense(3)
    while not bench.commands:
        bench.exchange()
    bench.exchange()
    assert not bench.all(DispenseEnded), "one reading without a trace proves nothing yet"
    bench.device.handle(DISPENSE, SERIAL.to_bytes(3, "little") + b"\x03", bench.now)
    assert bench.ended().outcome is Outcome.CONFIRMED


def test_the_same_operation_is_done_once() -> None:
    bench = Bench()
    bench.ready()
    bench.dispense(3)
    bench.ended()
    bench.dispense(3)
    bench.run(3)
    assert (bench.out, bench.commands, len(bench.all(DispenseEnded))) == (3, 1, 1)


def test_a_second_operation_waits_its_turn_elsewhere() -> None:
    bench = Bench()
    bench.ready()
    bench.dispense(3)
    bench.dispense(2, "other")
    assert bench.events[-1] == DispenseEnded(OpId("other"), HOPPER, Outcome.REFUSED, 2, 0, 0, 0, "busy")
    assert bench.ended().paid == 3
    bench.dispense(2, "third")
    assert bench.ended().paid == 2


def test_an_empty_hopper_pays_what_it_has() -> None:
    bench = Bench(pieces=2)
    bench.ready()
    bench.dispense(5)
    assert bench.ended() == DispenseEnded(OP, HOPPER, Outcome.PARTIAL, 5, 2, 1, 2, "empty-or-jam")
    assert bench.out == 2
    assert not bench.all(DeviceFault), "empty is no fault: refilled it works again"
    bench.world.move(FILLED, "hopper100", "JP100A", 10)
    bench.dispense(3, "again")
    assert bench.ended().outcome is Outcome.CONFIRMED


def test_a_jam_pays_nothing_and_is_a_fault() -> None:
    bench = Bench()
    bench.ready()
    bench.device.jam = "motor"
    bench.dispense(2)
    ended = bench.ended()
    assert (ended.outcome, ended.paid, ended.code) == (Outcome.REFUSED, 0, "jam")
    assert DeviceFault(HOPPER, "jam") in bench.events
    bench.dispense(2, "no blind retry of a motor")
    assert bench.ended().code == "jam"
    assert bench.commands == 1
    bench.device.clear()
    bench.run(3)
    assert DeviceFault(HOPPER, "jam", clear=True) in bench.events


def test_a_coin_in_the_exit_refuses_before_a_command_leaves() -> None:
    bench = Bench()
    bench.ready()
    bench.device.jam = "exit"
    bench.dispense(1)
    assert bench.ended().code == "exit-blocked"
    assert bench.commands == 0


def test_single_coin_mode() -> None:
    bench = Bench()
    bench.ready()
    flags = int(HopperFlag.SINGLE_COIN_MODE).to_bytes(2, "little")
    bench.device.handlers[Header.TEST_HOPPER] = lambda _data, _now: Answer(data=flags)
    bench.dispense(2)
    assert bench.ended().code == "single-coin-mode"
    bench.dispense(1, "one")
    assert bench.ended().paid == 1


def test_evidence_that_has_become_stale_refuses_and_is_renewed() -> None:
    """The intent in the journal holds counters. If they are not true at the moment, it would prove nothing
    later."""
    bench = Bench()
    bench.device.set_counter(9)
    bench.ready()
    bench.device.power_up()
    bench.dispense(2)
    assert bench.ended().code == "stale-evidence"
    assert (bench.commands, bench.events[-1].event_counter) == (0, 0)  # type: ignore[attr-defined]  # a HopperRead
    bench.dispense(2, "fresh")
    assert bench.ended().paid == 2


def test_reset_in_the_middle_is_what_both_counters_prove() -> None:
    bench = Bench()
    bench.device.set_counter(9)
    bench.ready()
    bench.dispense(5)
    bench.run_until(DispenseProgressed)
    bench.device.power_up()
    ended = bench.ended()
    assert ended.outcome is Outcome.PARTIAL
    assert ended.code == "reset"
    assert ended.paid == bench.out < 5


def test_counters_wrap_in_a_payout() -> None:
    bench = Bench()
    bench.device.set_counter(255)
    bench.ready()
    bench.dispense(3)
    assert bench.ended() == DispenseEnded(OP, HOPPER, Outcome.CONFIRMED, 3, 3, 1, 3)


def test_a_device_that_falls_silent_is_unknown_with_what_is_proven() -> None:
    bench = Bench()
    bench.ready()
    bench.dispense(5)
    seen = bench.run_until(DispenseProgressed).paid
    bench.fate = lambda _: UNHEARD
    ended = bench.ended()
    assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "no-answer")
    assert ended.paid == seen
    assert bench.all(DeviceLost) == [DeviceLost(HOPPER, "no-answer")]


def test_a_short_silence_is_waited_out() -> None:
    bench = Bench()
    bench.ready()
    bench.dispense(5)
    bench.run_until(DispenseProgressed)
    bench.fate = lambda _: UNHEARD
    bench.run_until(DeviceLost)
    bench.fate = lambda _: HEARD
    assert bench.ended() == DispenseEnded(OP, HOPPER, Outcome.CONFIRMED, 5, 5, 1, 5)
    assert bench.commands == 1


def test_a_silent_device_before_the_command_is_a_proven_no() -> None:
    bench = Bench()
    bench.ready()
    bench.fate = lambda _: UNHEARD
    bench.dispense(5)
    assert bench.ended().outcome is Outcome.REFUSED
    bench.dispense(5, "away")
    assert bench.events[-1] == DispenseEnded(OpId("away"), HOPPER, Outcome.REFUSED, 5, 0, 0, 0, "away")
    assert bench.commands == 0


def test_a_stalled_payout_is_stopped_once_and_then_unknown() -> None:
    bench = Bench()
    bench.ready()
    bench.device.handlers[Header.REQUEST_HOPPER_STATUS] = lambda _data, _now: Answer(data=bytes((0, 0, 0, 0)))
    bench.dispense(5)
    bench.device.handlers[Header.REQUEST_HOPPER_STATUS] = lambda _data, _now: Answer(data=bytes((1, 3, 2, 0)))
    while not bench.commands:
        bench.device.handlers[Header.REQUEST_HOPPER_STATUS] = lambda _data, _now: Answer(data=bytes(4))
        bench.exchange()
    bench.device.handlers[Header.REQUEST_HOPPER_STATUS] = lambda _data, _now: Answer(data=bytes((1, 3, 2, 0)))
    ended = bench.ended()
    assert (ended.outcome, ended.paid, ended.code) == (Outcome.UNKNOWN, 2, "stalled")
    assert not isinstance(bench.events[-1], HopperRead), "old counters are no evidence"
    assert [header for _, header in bench.sent].count(Header.EMERGENCY_STOP) == 1


def test_stopped_when_asked() -> None:
    bench = Bench()
    bench.ready()
    bench.dispense(20)
    bench.run_until(DispenseProgressed)
    bench.machine.stop_payout()
    bench.machine.stop_payout()
    ended = bench.ended()
    assert ended.outcome is Outcome.PARTIAL
    assert ended.paid == bench.out
    assert [header for _, header in bench.sent].count(Header.EMERGENCY_STOP) == 1


@pytest.mark.parametrize("kill_after", range(1, 40))
def test_a_crash_of_the_core_at_any_exchange_is_resolved_by_reading(kill_after: int) -> None:
    bench = Bench()
    read = bench.ready()
    bench.dispense(5)
    for _ in range(kill_after):
        bench.exchange()
    sent = bench.commands
    bench.now += 2.0
    bench.new_core()
    bench.events.clear()
    ended = bench.resolve(5, read)
    assert bench.commands == sent, "boot moves no money"
    assert (ended.paid, ended.outcome) == ((5, Outcome.CONFIRMED) if sent else (0, Outcome.REFUSED))
    assert bench.out == ended.paid


def test_resolving_an_absent_device_is_unknown_after_a_while() -> None:
    bench = Bench()
    bench.fate = lambda _: UNHEARD
    bench.perform(bench.machine, ResolveDispense(OP, HOPPER, 3, 1, 1, str(SERIAL)))
    ended = bench.ended()
    assert (ended.outcome, ended.paid, ended.code) == (Outcome.UNKNOWN, 0, "no-answer")


def test_resolving_with_another_device_in_its_place_is_unknown() -> None:
    bench = Bench()
    bench.perform(bench.machine, ResolveDispense(OP, HOPPER, 3, 0, 0, "1"))
    assert bench.ended().code == "wrong-serial"


def test_resolving_two_operations_one_after_the_other() -> None:
    bench = Bench()
    read = bench.ready()
    bench.perform(bench.machine, ResolveDispense(OP, HOPPER, 3, 0, 0, read.serial))
    bench.perform(bench.machine, ResolveDispense(OpId("b"), HOPPER, 2, 0, 0, read.serial))
    bench.perform(bench.machine, ResolveDispense(OP, HOPPER, 3, 0, 0, read.serial))
    bench.run(5)
    assert [each.op for each in bench.all(DispenseEnded)] == [OP, "b"]


def test_leaving_with_a_command_that_still_waits_for_the_line_never_sends_it() -> None:
    bench = Bench()
    bench.ready()
    bench.dispense(3)
    while Header.ENABLE_HOPPER not in [header for _, header in bench.sent]:
        bench.exchange()
    bench.say(bench.machine.close_down(bench.now))
    assert bench.all(DispenseEnded)[-1].code == "closing"
    bench.run(5)
    assert (bench.commands, bench.out) == (0, 0)
    assert bench.machine.is_safe


def test_leaving_sees_a_payout_to_its_end() -> None:
    bench = Bench()
    bench.ready()
    bench.dispense(3)
    while not bench.commands:
        bench.exchange()
    bench.say(bench.machine.close_down(bench.now))
    assert not bench.machine.is_safe
    assert bench.ended().paid == 3
    bench.dispense(1, "late")
    assert bench.events[-1].code == "closing"  # type: ignore[attr-defined]  # a DispenseEnded


def test_read_when_asked_and_when_something_changed() -> None:
    bench = Bench(pieces=11)
    bench.ready()
    bench.perform(bench.machine, ReadHopper(HOPPER))
    assert bench.run_until(HopperRead).is_low is False
    bench.dispense(3)
    bench.ended()
    assert bench.all(HopperRead)[-1].is_low
    seen = len(bench.all(HopperRead))
    bench.run(10)
    assert len(bench.all(HopperRead)) == seen, "nothing new is not told"
    bench.device.power_up()
    bench.run(5)
    assert bench.all(HopperRead)[-1].event_counter == 0


def test_a_hopper_that_knows_another_coin_is_not_worked_with() -> None:
    bench = Bench()
    bench.device.coin = "JP010A"
    assert bench.run_until(DeviceLost) == DeviceLost(HOPPER, "wrong-coin")


def test_a_hopper_that_knows_neither_coin_nor_levels_nor_lifetime_works() -> None:
    bench = Bench()
    for header in (
        Header.REQUEST_HOPPER_COIN,
        Header.REQUEST_PAYOUT_LEVEL,
        Header.REQUEST_HOPPER_DISPENSE_COUNT,
    ):
        del bench.device.handlers[header]
    assert bench.ready().lifetime == -1
    bench.dispense(3)
    assert bench.ended().outcome is Outcome.CONFIRMED


def test_a_bad_moment_of_the_wire_does_not_unlearn_the_life_s_count() -> None:
    bench = Bench()
    bench.ready()
    bench.fate = lambda header: UNANSWERED if header == Header.REQUEST_HOPPER_DISPENSE_COUNT else HEARD
    bench.perform(bench.machine, ReadHopper(HOPPER))
    assert bench.run_until(DeviceLost).code == "no-answer"
    bench.fate = lambda _: HEARD
    assert bench.ready().lifetime == 0


def test_counters_that_disagree_are_a_fault_for_a_person() -> None:
    bench = Bench()
    bench.ready()
    bench.dispense(3)
    while not bench.commands:
        bench.exchange()
    bench.world.remember("hopper100", lifetime=bench.world.recall("hopper100", "lifetime") + 1)
    assert bench.ended().outcome is Outcome.CONFIRMED
    assert DeviceFault(HOPPER, "counts-disagree") in bench.events


def test_commands_of_others_are_our_own_mistake() -> None:
    bench = Bench()
    with pytest.raises(ContractError):
        bench.machine.perform(SetAcceptance(HOPPER, ()), bench.now)


def test_a_reset_is_never_our_reflex() -> None:
    """Whatever goes wrong, header 1 is not sent: it would wipe the counters that are the only evidence."""
    bench = Bench(pieces=3)
    bench.ready()
    bench.device.jam = "motor"
    bench.dispense(2)
    bench.ended()
    bench.device.jam = "exit"
    bench.fate = lambda _: UNANSWERED
    bench.run(5)
    bench.fate = lambda _: HEARD
    bench.run(5)
    assert Header.RESET_DEVICE not in [header for _, header in bench.sent]


accidents = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from(["crash", "reset", "port", "wire"])), max_size=3
)
fates = st.lists(st.sampled_from([HEARD] * 6 + [UNANSWERED, UNHEARD]), min_size=1, max_size=40)


@settings(max_examples=300)
@given(
    asked=st.integers(1, 12),
    stock=st.integers(0, 15),
    counter=st.integers(0, 255),
    fate=fates,
    accidents=accidents,
    is_ciphered=st.booleans(),
)
def test_never_more_than_asked_and_never_a_wrong_word_about_it(
    asked: int, stock: int, counter: int, fate: list[str], accidents: list[tuple[int, str]], is_ciphered: bool
) -> None:
    """Any wire, any crash of the core, any blink of the device's power: paid at most what was asked, by one
    command, and what the journal is told is the physical truth, or UNKNOWN."""
    bench = Bench(pieces=stock, is_ciphered=is_ciphered)
    bench.device.set_counter(counter)
    read = bench.ready()
    exchanges = iter(range(10**9))
    bench.fate = lambda _: fate[next(exchanges) % len(fate)]
    bench.dispense(asked)
    for after, accident in accidents:
        for _ in range(after):
            bench.exchange()
        _befall(bench, accident, asked, read)
    bench.fate = lambda _: HEARD
    bench.run(30)
    ended = [each for each in bench.all(DispenseEnded) if each.op == OP]
    assert len(ended) == 1
    assert bench.commands <= 1
    assert Header.RESET_DEVICE not in [header for _, header in bench.sent]
    assert bench.out <= asked
    if ended[0].outcome is Outcome.UNKNOWN:
        assert ended[0].paid <= bench.out
    else:
        assert ended[0].paid == bench.out
        assert (ended[0].outcome is Outcome.CONFIRMED) == (bench.out == asked)


def _befall(bench: Bench, accident: str, asked: int, read: HopperRead) -> None:
    if accident == "reset":
        bench.device.power_up()
    elif accident == "port":
        bench.say(bench.machine.port_lost(bench.now))
    elif accident == "wire":
        bench.fate = lambda _: UNANSWERED
        bench.run(2)
        bench.fate = lambda _: HEARD
    elif not bench.all(DispenseEnded):  # what was told is settled in the journal; what was not is resolved
        bench.now += 1.0
        bench.new_core()
        bench.perform(
            bench.machine, ResolveDispense(OP, HOPPER, asked, read.event_counter, read.lifetime, read.serial)
        )


def test_the_bench_has_the_device_it_says() -> None:
    assert isinstance(Bench().slaves[5], SimHopper)
