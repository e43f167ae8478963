"""The terminal's driver against the simulated terminal: real processes, a real TCP connection, accidents on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers import registry
from kiosk.errors import ConfigError, ContractError
from kiosk.money import Yen
from kiosk.ports import (
    AbortPayment,
    DeviceArrived,
    DeviceLost,
    Driver,
    Outcome,
    PaymentEnded,
    PaymentProgressed,
    PrintSlip,
    ReadPayment,
    Reconcile,
    ReconciliationEnded,
    RequestPayment,
    RequestReversal,
    ReversalEnded,
    Slip,
    TerminalRead,
)
from tests.contract.terminal_bench import POI, TERMINAL, Sim, driven
from tests.contract.told import Told


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Sim]:
    made = Sim(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def rig(sim: Sim) -> Iterator[tuple[Driver, Told]]:
    with driven(sim) as (driver, told):
        told.until(TerminalRead, lambda each: each.is_ready)
        yield driver, told


def pay(driver: Driver, op: str = "op00000001", brand: str = "edy", amount: int = 200) -> None:
    driver.perform(RequestPayment(op, TERMINAL, POI, Yen(amount), brand, "0001"))


def touch(sim: Sim, brand: str = "edy", *how: str) -> None:
    """As soon as the display asks for it."""
    while brand not in sim.do("state")["display"]:
        pass
    sim.do("touch-card", brand, *how)


def test_a_payment_from_login_to_the_end(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    assert told.all[0] == DeviceArrived(TERMINAL, "nexo terminal POI-0001 SIM-0001")
    pay(driver)
    touch(sim)
    assert told.until(PaymentProgressed).stage == "processing"
    ended = told.until(PaymentEnded)
    assert (ended.outcome, ended.amount, ended.balance_before) == (Outcome.CONFIRMED, Yen(200), Yen(3000))
    assert sim.taken == {"edy": 200}


def test_the_answer_is_hurt_on_the_wire(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    for number, fault in enumerate(("drop", "cut", "garble", "duplicate", "flip", "reset"), 1):
        sim.do("fault", fault, 1, "Payment")
        pay(driver, f"op{number:08d}")
        touch(sim)
        assert told.until(PaymentEnded).outcome is Outcome.CONFIRMED, fault
        assert sim.taken == {"edy": 200 * number}, fault
        assert sim.do("state")["heard"]["Payment"] == number, fault


def test_the_terminal_dies_after_the_act_and_before_its_reply(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    sim.do("fault", "die", 1, "Payment")
    pay(driver)
    touch(sim)
    sim.died()
    told.until(DeviceLost)
    sim.start()
    assert told.until(PaymentEnded).outcome is Outcome.CONFIRMED
    assert sim.taken == {"edy": 200}


def test_the_core_dies_in_the_middle_and_the_next_asks(sim: Sim) -> None:
    with driven(sim) as (driver, told):
        told.until(TerminalRead)
        pay(driver)
        touch(sim)
        told.until(PaymentProgressed)
    with driven(sim) as (driver, told):
        told.until(TerminalRead)
        driver.perform(ReadPayment("op00000001", TERMINAL, POI, Yen(200)))
        assert told.until(PaymentEnded).outcome is Outcome.CONFIRMED
    assert sim.do("state")["heard"]["Payment"] == 1


def test_a_request_that_never_arrived_is_proven_not_done(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    sim.do("fault", "lose", 1, "Payment")
    pay(driver)
    ended = told.until(PaymentEnded)
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, "not-received")


def test_a_late_answer_settles_what_was_unknown(sim: Sim) -> None:
    with driven(sim, resolve_s=0.2, quiet_s=30.0) as (driver, told):
        told.until(TerminalRead)
        sim.do("fault", "delay", 1, "Payment", 200)
        sim.do("fault", "lose", 1, "Login")
        pay(driver)
        touch(sim)
        assert told.until(PaymentEnded).outcome is Outcome.CONFIRMED


def test_abort_cancel_decline_busy_offline(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    pay(driver, "op00000001")
    while not sim.do("state")["display"]:
        pass
    driver.perform(AbortPayment("op00000001", TERMINAL))
    assert told.until(PaymentEnded).code == "aborted"
    pay(driver, "op00000002")
    while not sim.do("state")["display"]:
        pass
    sim.do("cancel")
    assert told.until(PaymentEnded).code == "cancelled"
    sim.do("decline")
    pay(driver, "op00000003")
    touch(sim)
    assert told.until(PaymentEnded).code == "declined"
    sim.do("mode", "busy")
    pay(driver, "op00000004")
    assert told.until(PaymentEnded).code == "busy"
    sim.do("mode", "offline")
    pay(driver, "op00000005", "credit")
    assert told.until(PaymentEnded).code == "offline"
    assert sim.taken == {}


def test_pulled_away_too_early(sim: Sim, tmp_path: Path) -> None:
    sim.stop()
    sim = Sim(tmp_path, "--again-ms", "50")
    try:
        with driven(sim) as (driver, told):
            told.until(TerminalRead)
            pay(driver)
            touch(sim, "edy", "early", "not")
            assert told.until(PaymentProgressed).stage == "touch_again"
            ended = told.until(PaymentEnded)
            assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "incomplete")
            sim.do("settle")
            driver.perform(ReadPayment("op00000001", TERMINAL, POI, Yen(200)))
            assert told.until(PaymentEnded).outcome is Outcome.REFUSED
    finally:
        sim.stop()


def test_void_and_the_terminals_day(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    pay(driver, brand="credit")
    touch(sim, "credit")
    reference = told.until(PaymentEnded).reference
    driver.perform(RequestReversal("vo00000001", TERMINAL, POI, "op00000001", reference, Yen(200), "credit"))
    assert told.until(ReversalEnded).outcome is Outcome.CONFIRMED
    driver.perform(Reconcile("rc00000001", TERMINAL, POI))
    total = told.until(ReconciliationEnded).totals[0]
    assert (total.payments, total.paid, total.reversals, total.reversed) == (1, Yen(200), 1, Yen(200))


def test_it_comes_and_goes(sim: Sim, rig: tuple[Driver, Told]) -> None:
    _, told = rig
    sim.stop()
    told.until(DeviceLost)
    sim.start()
    told.until(DeviceArrived)


def test_options_and_commands_that_are_not_its_own() -> None:
    make = registry.driver("cashless")
    for options in (
        {"port": "tcp://x:1", "poi": POI},
        {"port": "/dev/tty", "poi": POI, "sale": "s"},
        {"port": "tcp://127.0.0.1", "poi": POI, "sale": "s"},
        {"port": "tcp://x:1", "poi": POI, "sale": "s", "colour": "red"},
    ):
        with pytest.raises(ConfigError):
            make(TERMINAL, options, print)
    driver = make(TERMINAL, {"port": "tcp://127.0.0.1:1", "poi": POI, "sale": "s"}, print)
    with pytest.raises(ContractError):
        driver.perform(PrintSlip("op", TERMINAL, Slip("receipt", ())))
