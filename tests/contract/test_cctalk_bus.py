"""The ccTalk driver and the simulated bus keep the contract of kiosk.ports, over a pty and over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.cctalk.driver import create
from drivers.cctalk.messages import Header
from kiosk.errors import ConfigError, ContractError
from kiosk.ids import DeviceId, OpId
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
    Dispense,
    DispenseEnded,
    DispenseProgressed,
    HopperRead,
    Outcome,
    ReadHopper,
    SetAcceptance,
    StartAcceptor,
)
from tests.contract.cctalk_bench import COIN1, COINS, Core, DoomedCore, Sim

D = Denomination


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Sim]:
    found = Sim(tmp_path, "--coin-ms", "20", "--timeout-ms", "200")
    yield found
    found.stop()


@pytest.fixture(params=["pty", "tcp", "pty without echo", "pty crc16 cipher"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Sim, dict[str, Any]]]:
    """A line, and the options of a driver that fits it."""
    table: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
        "pty": ((), {}),
        "tcp": ((), {}),
        "pty without echo": (("--no-echo",), {"echo": False}),
        "pty crc16 cipher": (
            ("--checksum", "crc16", "--security", "cipher"),
            {"acceptor": {"checksum": "crc16"}, "hopper": {"checksum": "crc16", "cipher": "plain"}},
        ),
    }
    argv, options = table[request.param]
    found = Sim(tmp_path, "--coin-ms", "20", "--timeout-ms", "200", *argv, tcp=request.param == "tcp")
    yield found, options
    found.stop()


def test_coins_in_and_coins_out(kind: tuple[Sim, dict[str, Any]]) -> None:
    sim, options = kind
    with Core(sim, **options) as core:
        core.ready()
        core.open()
        assert sim.do("insert-coin", 100)["accepted"] == 1
        coin = core.wait(CoinAccepted)
        assert (coin.epoch, coin.seq, coin.raw, coin.denomination, coin.unit) == (
            1,
            1,
            1,
            D.COIN100,
            "hopper100",
        )
        core.dispense(10, 3)
        assert core.ended() == DispenseEnded(OpId("op"), DeviceId("hopper10"), Outcome.CONFIRMED, 3, 3, 1, 3)
        assert core.wait(HopperRead).lifetime == 3
    state = sim.do("state")
    assert state["units"] == {
        "hopper10": {"coin10": 47},
        "hopper50": {"coin50": 50},
        "hopper100": {"coin100": 51},
        "hopper500": {"coin500": 50},
        "cashbox": {},
    }
    assert not state["acceptor"]["is_open"], "the driver left it closed"


def test_arrival_of_every_device(sim: Sim) -> None:
    with Core(sim) as core:
        core.ready()
        assert {each.device for each in core.all(DeviceArrived)} == set(core.driver.devices)
        assert core.driver.devices == ("coin1", "hopper10", "hopper50", "hopper100", "hopper500")


def test_a_coin_that_is_not_wanted_comes_back(sim: Sim) -> None:
    with Core(sim) as core:
        core.ready()
        assert sim.do("insert-coin", 100)["returned"] == 1
        assert core.wait(CoinRefused).code == "inhibited"
        core.open(D.COIN10)
        assert sim.do("insert-coin", 100)["returned"] == 1
        assert sim.do("insert-coin", 5)["returned"] == 1
        assert [core.wait(CoinRefused).code for _ in range(2)] == ["inhibited", "reject"]
        assert not core.all(CoinAccepted)
    assert sim.do("take-coins")["taken"]["return-tray"] == {"JP100A": 2, "JP005A": 1}


def test_a_coin_in_the_middle_of_a_payout_is_not_lost(slow_sim: Sim) -> None:
    sim = slow_sim
    with Core(sim) as core:
        core.ready()
        core.open()
        core.dispense(10, 12)
        core.wait(DispenseProgressed)
        sim.do("insert-coin", 500, 3)
        assert core.ended().paid == 12
        core.driver.perform(SetAcceptance(COIN1, ()))
        core.wait(AcceptanceSet)
        assert len(core.all(CoinAccepted)) == 3


@pytest.mark.parametrize("fault", ["drop", "flip", "cut", "duplicate", "lose", "echo", "delay"])
def test_whatever_the_wire_does_to_a_dispense_it_is_sent_once(sim: Sim, fault: str) -> None:
    with Core(sim) as core:
        core.ready()
        if fault == "echo":
            sim.do("fault", fault, 1)
        else:
            sim.do("fault", fault, 1, int(Header.DISPENSE_HOPPER_COINS), 150)
        core.dispense(100, 4)
        ended = core.ended()
        was_heard = fault != "lose"
        assert ended.outcome is (Outcome.CONFIRMED if was_heard else Outcome.REFUSED)
        assert ended.paid == sim.out() == (4 if was_heard else 0)
        assert sim.do("state")["exchanges"].get("167", 0) == was_heard


@pytest.mark.parametrize("fault", ["drop", "flip", "cut", "duplicate", "lose", "echo", "delay"])
def test_whatever_the_wire_does_to_a_poll_a_coin_is_told_once(sim: Sim, fault: str) -> None:
    with Core(sim) as core:
        core.ready()
        core.open()
        for face in (10, 50, 100):
            if fault == "echo":
                sim.do("fault", fault, 1)
            else:
                sim.do("fault", fault, 1, int(Header.READ_BUFFERED_CREDIT), 150)
            assert sim.do("insert-coin", face)["accepted"] == 1
            assert core.wait(CoinAccepted).denomination is D(f"coin{face}")
        core.driver.perform(SetAcceptance(COIN1, ()))
        core.wait(AcceptanceSet)
        assert [each.seq for each in core.all(CoinAccepted)] == [1, 2, 3]
        assert not core.all(CreditsLost)


@pytest.mark.parametrize("pieces", [0, 2, 5])
def test_the_device_did_it_and_died_before_it_could_say_so(sim: Sim, pieces: int) -> None:
    """Power is cut between deed and answer: both counters agree on what fell, and nothing is sent again."""
    with Core(sim, hopper={"lost_after_s": 20.0}) as core:
        core.ready()
        sim.do("die-before-reply", 167, pieces)
        core.dispense(100, 5)
        sim.died()
        assert core.wait(DeviceLost, "hopper100").code in ("no-port", "no-answer")
        sim.start()
        ended = core.ended()
        assert ended.outcome is {0: Outcome.REFUSED, 2: Outcome.PARTIAL, 5: Outcome.CONFIRMED}[pieces]
        assert ended.paid == sim.out() == pieces
        assert "167" not in sim.do("state")["exchanges"]


def test_a_bus_that_stays_away_leaves_the_payout_unknown(sim: Sim) -> None:
    with Core(sim, hopper={"lost_after_s": 0.5}) as core:
        core.ready()
        sim.do("die-before-reply", 167, 5)
        core.dispense(100, 5)
        sim.died()
        ended = core.ended()
        assert (ended.outcome, ended.paid, ended.code) == (Outcome.UNKNOWN, 0, "no-answer")
        sim.start()
        while core.wait(HopperRead, "hopper100").lifetime != 5:
            pass  # read before the payout; the one after it is the evidence for whoever settles it


def test_the_core_is_killed_in_a_payout_and_the_next_one_reads_what_happened(sim: Sim) -> None:
    doomed = DoomedCore(sim, "dispense")
    while not sim.do("state")["exchanges"].get("167"):
        pass
    doomed.kill()
    before = HopperRead(DeviceId("hopper100"), D.COIN100, str(0x0B0001 + 2), 0, 0, False, False)
    with Core(sim) as core:
        ended = core.resolve(5, before)
        assert (ended.outcome, ended.paid) == (Outcome.CONFIRMED, 5)
    assert sim.out() == 5
    assert sim.do("state")["exchanges"]["167"] == 1


def test_a_core_that_leaves_shuts_the_slot_and_lets_no_payout_hang(sim: Sim) -> None:
    DoomedCore(sim, "leave").ended()
    assert sim.out() == 5
    assert not sim.do("state")["acceptor"]["is_open"]


def test_the_core_is_killed_with_the_slot_open_and_coins_fall(sim: Sim) -> None:
    """The device closes itself when nobody polls; what fell before is told to the next core, once."""
    doomed = DoomedCore(sim, "accept")
    while sim.do("insert-coin", 100)["returned"]:
        pass
    doomed.kill()
    counted = sim.do("state")["acceptor"]["counter"]
    accepted = sim.do("state")["units"]["hopper100"]["coin100"] - 50
    mark = CreditMark(COIN1, 1, 3, counted - accepted, str(0x0A0001))
    with Core(sim, mark) as core:
        told = [core.wait(CoinAccepted) for _ in range(accepted)]
        assert [each.seq for each in told] == list(range(4, 4 + accepted))
        assert not core.all(AcceptorReset)
        core.ready()
        assert sim.do("insert-coin", 100)["returned"] == 1


def test_an_empty_hopper_gives_what_it_has(sim: Sim) -> None:
    sim.do("empty", "hopper50")
    sim.do("fill", "hopper50", 2)
    with Core(sim) as core:
        assert core.ready()["hopper50"].is_low
        core.dispense(50, 5)
        ended = core.ended()
        assert (ended.outcome, ended.paid, ended.code) == (Outcome.PARTIAL, 2, "empty-or-jam")


def test_a_jam_is_told_and_cleared_and_so_is_fraud(sim: Sim) -> None:
    with Core(sim) as core:
        core.ready()
        sim.do("cheat", "coin1")
        while (fault := core.wait(DeviceFault, "coin1")).code != "coin-on-string":
            pass
        assert sim.do("insert-coin", 100)["returned"] == 1
        assert not core.all(CoinAccepted)
        sim.do("clear", "coin1")
        while not core.wait(DeviceFault, "coin1").clear:
            pass
        sim.do("cheat", "hopper10")
        assert core.wait(DeviceFault, "hopper10").code == "exit-fraud"
        core.dispense(10, 1)
        assert (core.ended().code, sim.out()) == ("exit-fraud", 0)
        sim.do("jam", "hopper50", "exit")
        fault = core.wait(DeviceFault, "hopper50")
        assert fault == DeviceFault(DeviceId("hopper50"), "exit-blocked")
        core.dispense(50, 1)
        assert core.ended().code == "exit-blocked"
        sim.do("clear", "hopper50")
        assert core.wait(DeviceFault, "hopper50").clear


def test_a_reset_of_the_acceptor_closes_it_and_begins_an_epoch(sim: Sim) -> None:
    with Core(sim) as core:
        core.ready()
        core.open()
        sim.do("insert-coin", 100)
        core.wait(CoinAccepted)
        sim.do("reset", "coin1")
        reset = core.wait(AcceptorReset)
        assert (reset.epoch, reset.at_most) == (2, 5)
        assert core.wait(AcceptanceSet).denominations == ()
        assert sim.do("insert-coin", 100)["returned"] == 1


@pytest.fixture
def slow_sim(tmp_path: Path) -> Iterator[Sim]:
    """Time enough to do something in the middle of a payout."""
    found = Sim(tmp_path, "--coin-ms", "150")
    yield found
    found.stop()


def test_a_reset_in_a_payout(slow_sim: Sim) -> None:
    sim = slow_sim
    sim.do("set-counter", "hopper10", 255)
    with Core(sim) as core:
        core.ready()
        core.dispense(10, 40)
        core.wait(DispenseProgressed)
        sim.do("reset", "hopper10")
        ended = core.ended()
        assert (ended.outcome, ended.code) == (Outcome.PARTIAL, "reset")
        assert ended.paid == sim.out()


def test_another_acceptor_in_its_place(sim: Sim, tmp_path: Path) -> None:
    mark = CreditMark(COIN1, 3, 40, 12, "1")
    with Core(sim, mark) as core:
        reset = core.wait(AcceptorReset)
        assert (reset.epoch, reset.serial) == (4, str(0x0A0001))
        assert core.wait(DeviceFault).code == "serial-changed"


def test_only_one_process_has_the_port(sim: Sim) -> None:
    with Core(sim) as first:
        first.ready()
        with Core(sim) as second:
            assert second.wait(DeviceLost).code == "no-port"
        first.open()


def test_a_bus_without_hoppers_or_without_power(tmp_path: Path) -> None:
    told: list[object] = []
    driver = create(
        DeviceId("cash"),
        {"port": str(tmp_path / "nothing"), "acceptor": {"id": "coin1", "address": 2}},
        told.append,
    )
    driver.start()
    while not told:
        pass
    driver.stop()
    assert driver.join(5)
    assert told == [DeviceLost(COIN1, "no-port")]


def test_reading_when_asked(sim: Sim) -> None:
    with Core(sim) as core:
        core.ready()
        sim.do("empty", "hopper10")
        core.driver.perform(ReadHopper(DeviceId("hopper10")))
        assert core.wait(HopperRead, "hopper10").is_low


def test_commands_that_make_no_sense_are_our_own_mistake(sim: Sim) -> None:
    with Core(sim) as core:
        for command in (
            StartAcceptor(DeviceId("hopper10"), None),
            SetAcceptance(DeviceId("hopper10"), COINS),
            Dispense(OpId("op"), DeviceId("hopper10"), 0),
            Dispense(OpId("op"), DeviceId("hopper10"), 256),
            Dispense(OpId("op"), COIN1, 1),
            ReadHopper(DeviceId("nobody")),
        ):
            with pytest.raises(ContractError):
                core.driver.perform(command)


_GOOD: dict[str, object] = {"port": "/dev/null", "acceptor": {"id": "coin1", "address": 2}}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"port": None}, "port"),
        ({"speed": 9600}, "unknown option speed"),
        ({"acceptor": {"id": "coin1"}}, "address is missing"),
        ({"acceptor": {"id": "coin1", "address": 1}}, "2 to 255"),
        ({"acceptor": {"id": "coin1", "address": True}}, "address"),
        ({"acceptor": {"id": "coin1", "address": 2, "poll_s": 0.9}}, "poll_s"),
        ({"acceptor": {"id": "coin1", "address": 2, "paths": {"one": "cashbox"}}}, "sorter path"),
        ({"acceptor": {"id": "coin1", "address": 2, "checksum": "md5"}}, "checksum"),
        ({"acceptor": {}}, "no device"),
        ({"acceptor": 7}, "acceptor"),
        ({"hoppers": [{"id": "h", "address": 3, "denomination": "coin7"}]}, "denomination"),
        ({"hoppers": [{"id": "h", "address": 2, "denomination": "coin10"}]}, "one address"),
        ({"hoppers": [{"id": "coin1", "address": 3, "denomination": "coin10"}]}, "one id"),
        ({"hoppers": [{"id": "h", "address": 3, "denomination": "coin10", "cipher": "rot13"}]}, "cipher"),
        ({"hoppers": ["h"]}, "not a table"),
    ],
)
def test_a_wrong_option_is_refused_by_name(change: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        create(DeviceId("cash"), {**_GOOD, **change}, lambda _: None)
