"""The acceptor machine: transcripts, and every coin told once whatever the wire and the power do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cctalk.codec import BUSY, NAK, Frame
from drivers.cctalk.messages import Header
from drivers.cctalk.sim.acceptor import COINS, SimAcceptor
from drivers.cctalk.sim.world import CASHBOX, RETURN_TRAY
from kiosk.errors import ContractError
from kiosk.ids import DeviceId
from kiosk.money import Denomination
from kiosk.ports import (
    AcceptanceSet,
    AcceptorReset,
    CoinAccepted,
    CoinRefused,
    CreditMark,
    CreditsLost,
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    Event,
    ReadHopper,
    SetAcceptance,
    StartAcceptor,
)
from tests.codec.cctalk_table import (
    COIN1,
    HEARD,
    SERIAL,
    UNANSWERED,
    UNHEARD,
    RamWorld,
    Table,
    acceptor,
    sim_acceptor,
)

D = Denomination
COINS_ALL = (D.COIN10, D.COIN50, D.COIN100, D.COIN500)


class Bench(Table):
    """One acceptor on the table."""

    def __init__(self, mark: CreditMark | None = None) -> None:
        super().__init__()
        self.world = RamWorld()
        self.device = sim_acceptor(self.world)
        self.slaves = {2: self.device}
        self.machine = acceptor()
        self.machines = [self.machine]
        self.perform(self.machine, StartAcceptor(COIN1, mark))

    def open(self, *faces: Denomination) -> None:
        self.perform(self.machine, SetAcceptance(COIN1, faces or COINS_ALL))
        self.run_until(AcceptanceSet)

    def ready(self) -> Bench:
        self.run_until(AcceptanceSet)
        return self

    def drop(self, coin: str) -> str:
        return self.device.insert(coin, self.now)


def credits_of(bench: Table) -> list[tuple[int, int, Denomination]]:
    return [(each.epoch, each.seq, each.denomination) for each in bench.all(CoinAccepted)]


def test_it_introduces_itself_closed() -> None:
    bench = Bench().ready()
    assert bench.events == [
        DeviceArrived(COIN1, f"SIM SIM-CA 1.0 #{SERIAL}"),
        AcceptorReset(COIN1, 1, str(SERIAL), raw=0, at_most=0),
        AcceptanceSet(COIN1, ()),
    ]
    assert bench.drop("JP100A") == RETURN_TRAY


def test_a_coin_from_slot_to_event() -> None:
    bench = Bench().ready()
    bench.open()
    assert bench.drop("JP100A") == "hopper100"
    assert bench.run_until(CoinAccepted) == CoinAccepted(
        COIN1, 1, 1, 1, D.COIN100, DeviceId("hopper100"), serial=str(SERIAL)
    )
    assert bench.drop("JP500B") == CASHBOX
    coin = bench.run_until(CoinAccepted)
    assert (coin.denomination, coin.unit, coin.seq) == (D.COIN500, CASHBOX, 2)


def test_positions_are_read_from_the_device_and_only_asked_faces_get_in() -> None:
    bench = Bench().ready()
    bench.open(D.COIN10, D.COIN500)
    fell = {coin: bench.drop(coin) for coin in COINS.values()}
    assert {coin for coin, unit in fell.items() if unit != RETURN_TRAY} == {"JP010A", "JP500B", "JP500C"}
    bench.run(0.3)
    assert {each.denomination for each in bench.all(CoinAccepted)} == {D.COIN10, D.COIN500}
    assert [each.code for each in bench.all(CoinRefused)] == ["inhibited", "inhibited"]


def test_acceptance_is_told_only_when_the_device_has_read_it_back() -> None:
    bench = Bench().ready()
    bench.fate = lambda header: UNHEARD if header == Header.MODIFY_INHIBITS else HEARD
    bench.perform(bench.machine, SetAcceptance(COIN1, (D.COIN10,)))
    seen = len(bench.events)
    bench.run(0.4)
    assert AcceptanceSet(COIN1, (D.COIN10,)) not in bench.events[seen:]
    assert bench.drop("JP010A") == RETURN_TRAY


def test_closing_shuts_the_master_switch_before_anything_else() -> None:
    bench = Bench().ready()
    bench.open()
    bench.perform(bench.machine, SetAcceptance(COIN1, ()))
    before = len(bench.sent)
    bench.run_until(AcceptanceSet)
    asked = [header for _, header in bench.sent[before:] if header != Header.READ_BUFFERED_CREDIT]
    assert asked[0] == Header.MODIFY_MASTER_INHIBIT
    assert bench.drop("JP100A") == RETURN_TRAY


def test_a_coin_on_its_way_when_the_slot_closes_is_told_before_the_closing() -> None:
    bench = Bench().ready()
    bench.open()
    bench.perform(bench.machine, SetAcceptance(COIN1, ()))
    while bench.sent[-1][1] != Header.MODIFY_MASTER_INHIBIT:
        bench.exchange()
    bench.device._record(2, 3)  # validated before, past the credit sensor only now
    bench.run_until(AcceptanceSet)
    assert [type(each) for each in bench.events[-2:]] == [CoinAccepted, AcceptanceSet]


def test_the_latest_wish_wins() -> None:
    bench = Bench().ready()
    bench.perform(bench.machine, SetAcceptance(COIN1, COINS_ALL))
    bench.perform(bench.machine, SetAcceptance(COIN1, (D.COIN50,)))
    bench.run(0.5)
    assert [each.denominations for each in bench.all(AcceptanceSet)] == [(), (D.COIN50,)]


def test_polling_goes_on_well_within_the_dead_man_s_second() -> None:
    bench = Bench().ready()
    bench.open()
    last, widest = bench.now, 0.0
    for _ in range(200):
        bench.exchange()
        if bench.sent[-1][1] == Header.READ_BUFFERED_CREDIT:
            widest, last = max(widest, bench.now - last), bench.now
    assert widest < 0.3
    assert bench.drop("JP100A") == "hopper100"


def test_not_polled_for_a_second_the_device_closes_itself() -> None:
    bench = Bench().ready()
    bench.open()
    bench.now += 1.5
    assert bench.drop("JP100A") == RETURN_TRAY


def test_a_restart_tells_what_was_counted_meanwhile_once() -> None:
    """Killed between the coin and its record: the journal's mark brings the coin back, and no coin twice."""
    bench = Bench().ready()
    bench.open()
    bench.drop("JP100A")
    journaled = bench.run_until(CoinAccepted)
    bench.drop("JP050A")
    bench.drop("JP010A")
    mark = CreditMark(COIN1, journaled.epoch, journaled.seq, journaled.raw, journaled.serial)
    bench.machine = acceptor()
    bench.machines = [bench.machine]
    bench.events.clear()
    bench.perform(bench.machine, StartAcceptor(COIN1, mark))
    bench.run(1.0)
    assert credits_of(bench) == [(1, 2, D.COIN50), (1, 3, D.COIN10)]
    assert not bench.all(AcceptorReset)


def test_a_mark_that_comes_again_tells_nothing_again() -> None:
    """The core sends its mark with each arrival; it may be behind what is on its way to the journal."""
    bench = Bench().ready()
    bench.open()
    bench.drop("JP100A")
    bench.run_until(CoinAccepted)
    bench.perform(bench.machine, StartAcceptor(COIN1, CreditMark(COIN1, 1, 0, 0, str(SERIAL))))
    bench.run(1)
    assert len(credits_of(bench)) == 1


def test_a_jump_of_the_counter_is_money_unknown() -> None:
    bench = Bench().ready()
    bench.open()
    for _ in range(7):
        bench.drop("JP010A")
    bench.run(0.3)
    assert bench.all(CreditsLost) == [CreditsLost(COIN1, 1, at_most=2)]
    assert [seq for _, seq, _ in credits_of(bench)] == [3, 4, 5, 6, 7]


def test_the_counter_wraps_to_one() -> None:
    bench = Bench()
    bench.device.set_counter(254)
    bench.ready()
    bench.open()
    for _ in range(4):
        bench.drop("JP010A")
        bench.run_until(CoinAccepted)
    assert [(each.seq, each.raw) for each in bench.all(CoinAccepted)] == [(1, 255), (2, 1), (3, 2), (4, 3)]
    assert not bench.all(CreditsLost)


def test_a_reset_while_open_is_a_new_epoch_with_doubt_and_closed() -> None:
    bench = Bench().ready()
    bench.open()
    bench.drop("JP100A")
    bench.run_until(CoinAccepted)
    bench.device.power_up()
    assert bench.run_until(AcceptorReset) == AcceptorReset(COIN1, 2, str(SERIAL), raw=0, at_most=5)
    assert bench.run_until(AcceptanceSet) == AcceptanceSet(COIN1, ())
    bench.open()
    bench.drop("JP100A")
    assert bench.run_until(CoinAccepted).epoch == 2


def test_a_reset_while_closed_leaves_no_doubt() -> None:
    bench = Bench().ready()
    bench.open()
    bench.drop("JP100A")
    bench.perform(bench.machine, SetAcceptance(COIN1, ()))
    bench.run(0.5)
    bench.device.power_up()
    assert bench.run_until(AcceptorReset).at_most == 0


def test_another_serial_number_is_a_new_epoch_and_a_technician() -> None:
    old = CreditMark(COIN1, 4, 100, 17, "999")
    bench = Bench(old)
    bench.device.set_counter(30)
    bench.run(1.0)
    assert bench.all(AcceptorReset) == [AcceptorReset(COIN1, 5, str(SERIAL), raw=30, at_most=5)]
    assert DeviceFault(COIN1, "serial-changed") in bench.events
    assert credits_of(bench) == []


def test_a_device_that_must_be_another_one_is_not_worked_with() -> None:
    bench = Bench()
    bench.machine = acceptor(serial="1")
    bench.machines = [bench.machine]
    bench.perform(bench.machine, StartAcceptor(COIN1, None))
    assert bench.run_until(DeviceLost) == DeviceLost(COIN1, "wrong-serial")
    bench.run(5)
    assert bench.all(DeviceLost) == [DeviceLost(COIN1, "wrong-serial")]


def test_a_hopper_in_its_place_is_not_worked_with() -> None:
    bench = Bench()
    bench.device.handlers[Header.REQUEST_EQUIPMENT_CATEGORY] = bench.device._says(b"Payout")
    assert bench.run_until(DeviceLost).code == "wrong-kind"


def test_a_device_without_japanese_coins_is_not_worked_with() -> None:
    bench = Bench()
    bench.device.handlers[Header.REQUEST_COIN_ID] = bench.device._says(b"EU100A")
    assert bench.run_until(DeviceLost).code == "wrong-currency"


def test_lost_and_found_again() -> None:
    bench = Bench().ready()
    bench.open()
    bench.drop("JP100A")
    bench.fate = lambda _: UNANSWERED
    assert bench.run_until(DeviceLost) == DeviceLost(COIN1, "no-answer")
    bench.run(10)
    assert len(bench.all(DeviceLost)) == 1
    bench.fate = lambda _: HEARD
    bench.run_until(AcceptanceSet)
    assert credits_of(bench) == [(1, 1, D.COIN100)], "what fell while nobody listened is told"
    assert bench.drop("JP100A") == RETURN_TRAY


def test_the_port_goes_and_comes() -> None:
    bench = Bench().ready()
    for _ in range(3):
        bench.say(bench.machine.port_lost(bench.now))
    assert bench.all(DeviceLost) == [DeviceLost(COIN1, "no-port")]
    assert bench.run_until(DeviceArrived).device == COIN1


def test_a_blocked_sensor_is_a_fault_until_the_self_check_is_clean() -> None:
    bench = Bench().ready()
    bench.open()
    bench.device.jam()
    assert bench.run_until(DeviceFault) == DeviceFault(COIN1, "credit-sensor-blocked")
    bench.run(6)
    bench.device.is_jammed = False
    bench.run(6)
    cleared = [each.code for each in bench.all(DeviceFault) if each.clear]
    assert "credit-sensor-blocked" in cleared


def test_a_swallowed_coin_is_money_unknown() -> None:
    bench = Bench().ready()
    bench.open()
    bench.device._record(0, 36)
    assert bench.run_until(CreditsLost) == CreditsLost(COIN1, 1, 1)


def test_a_coin_that_nobody_can_name_is_money_unknown() -> None:
    bench = Bench().ready()
    bench.open()
    bench.device._record(9, 1)
    assert bench.run_until(CreditsLost).at_most == 1
    assert DeviceFault(COIN1, "unknown-coin") in bench.events


def test_busy_is_asked_again_and_nak_of_a_duty_is_no_answer() -> None:
    bench = Bench()
    bench.machine.request(bench.now)
    assert bench.machine.replied(Frame(1, 2, BUSY), bench.now) == []
    assert bench.machine.request(bench.now).header == Header.SIMPLE_POLL
    assert bench.machine.replied(Frame(1, 2, NAK), bench.now) == [DeviceLost(COIN1, "no-answer")]


def test_commands_of_others_and_answers_without_questions_are_our_own_mistakes() -> None:
    bench = Bench()
    with pytest.raises(ContractError):
        bench.machine.perform(ReadHopper(COIN1), bench.now)
    with pytest.raises(ContractError):
        bench.machine.replied(Frame(1, 2, 0), bench.now)
    bench.machine.request(bench.now)
    with pytest.raises(ContractError):
        bench.machine.due()


def test_leaving_closes_the_slot() -> None:
    bench = Bench().ready()
    bench.open()
    bench.say(bench.machine.close_down(bench.now))
    while not bench.machine.is_safe:
        bench.exchange()
    assert bench.drop("JP100A") == RETURN_TRAY


actions = st.lists(
    st.one_of(
        st.tuples(st.just("coin"), st.sampled_from(["JP100A", "JP010A", "JP500B", "EU100A"])),
        st.tuples(st.just("wait"), st.integers(1, 5)),
        st.tuples(st.just("open"), st.booleans()),
        st.tuples(st.just("crash"), st.integers(0, 3)),
    ),
    max_size=40,
)
fates = st.lists(st.sampled_from([HEARD, HEARD, HEARD, HEARD, UNANSWERED, UNHEARD]), min_size=1, max_size=60)


@given(actions, fates, st.integers(0, 255))
def test_every_coin_that_is_in_is_told_exactly_once(
    todo: list[tuple[str, object]], fate: list[str], counter: int
) -> None:
    """Lost requests and answers, closings, and crashes that forget the last few events: no yen lost, none
    made."""
    bench = Bench()
    bench.device.set_counter(counter)
    bench.ready()
    journal: dict[tuple[int, int], CoinAccepted] = {}
    baseline = bench.all(AcceptorReset)[0]
    mark = CreditMark(COIN1, 1, 0, baseline.raw, baseline.serial)
    inside = 0
    exchanges = iter(range(10**9))
    bench.fate = lambda _: fate[next(exchanges) % len(fate)]
    for verb, value in todo:
        if verb == "coin":
            inside += bench.drop(str(value)) != RETURN_TRAY
            bench.run(0.1)
            settle(bench)
        elif verb == "wait":
            bench.run(float(str(value)) / 5)
        elif verb == "open":
            bench.perform(bench.machine, SetAcceptance(COIN1, COINS_ALL if value else ()))
            bench.run(0.1)
        else:
            kept = bench.events[: len(bench.events) - int(str(value))]
            mark = journal_of(kept, journal, mark)
            bench.events.clear()
            bench.machine = acceptor()
            bench.machines = [bench.machine]
            bench.perform(bench.machine, StartAcceptor(COIN1, mark))
            settle(bench)
    bench.fate = lambda _: HEARD
    settle(bench)
    journal_of(bench.events, journal, mark)
    assert len(journal) == inside
    assert not bench.all(CreditsLost)
    assert all(epoch == 1 for epoch, _ in journal)


def settle(bench: Bench) -> None:
    """Long enough for the machine to read the device, so that no more than the buffer holds goes unread."""
    fate, bench.fate = bench.fate, lambda _: HEARD
    bench.run(3.0)
    bench.fate = fate


def journal_of(
    events: Sequence[Event], journal: dict[tuple[int, int], CoinAccepted], mark: CreditMark
) -> CreditMark:
    """What a journal would keep of these events, and the mark it would give at the next start."""
    for event in events:
        if isinstance(event, CoinAccepted):
            assert (event.epoch, event.seq) not in journal, "told twice"
            journal[event.epoch, event.seq] = event
        if isinstance(event, CoinAccepted | CoinRefused):
            mark = CreditMark(COIN1, event.epoch, event.seq, event.raw, event.serial)
    return mark


def test_the_bench_has_the_device_it_says() -> None:
    assert isinstance(Bench().slaves[2], SimAcceptor)
