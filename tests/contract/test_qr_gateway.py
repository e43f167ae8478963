"""The gateway's driver against the simulated gateway: a process, HTTP, phones, accidents."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.qr.codec import decode
from drivers.transport.control import request
from kiosk.errors import ConfigError, ContractError
from kiosk.money import Yen
from kiosk.ports import (
    AbortPayment,
    DeviceArrived,
    DeviceLost,
    Driver,
    Outcome,
    PaymentCodeMade,
    PaymentEnded,
    PaymentProgressed,
    PrintSlip,
    ReadPayment,
    ReadReversal,
    ReadTerminal,
    Reconcile,
    ReconciliationEnded,
    RequestPayment,
    RequestReversal,
    ReversalEnded,
    Slip,
    TerminalRead,
)
from tests.contract.told import PATIENCE_S, Told

CODES, STORE = "codes1", "STORE-0001"
MERCHANT = {
    "account": "0000000000001-0001-000001-000001",
    "category": "9399",
    "name": "REIJI CITY",
    "city": "REIJI",
    "postal": "1000001",
}
_SIM = "import sys; from drivers.qr.sim import main; sys.exit(main(sys.argv[1:]))"


class Sim:
    """The gateway as a process. Its books outlive it, and it comes back at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, 0
        self.link: Path | None = None
        self._process: subprocess.Popen[str] | None = None
        (folder / "key").write_text("demo-key\n")
        self.start()

    def start(self) -> None:
        common = ("--state", str(self.folder / "state"), "--control", str(self.folder / "control"))
        line = ("--tcp", str(self.port)) if self.link is None else ("--link", str(self.link))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SIM, *line, *common], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        word, *port = self._process.stdout.readline().split()
        assert word == "ready"
        self.port = int(port[0]) if port else 0

    def do(self, verb: str, *args: object) -> dict[str, Any]:
        answer = request(self.folder / "control", verb, *(str(each) for each in args))
        assert answer.pop("ok"), answer
        return answer

    @property
    def taken(self) -> dict[str, int]:
        return self.do("state")["taken"]

    def stop(self, *, waits: bool = False) -> None:
        """`waits`: until it is gone by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        if not waits:
            process.kill()
        process.wait(PATIENCE_S)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Sim]:
    made = Sim(tmp_path)
    yield made
    made.stop()


@contextmanager
def driven(sim: Sim, **options: object) -> Iterator[tuple[Driver, Told]]:
    told = Told()
    given = {
        "url": f"http://127.0.0.1:{sim.port}",
        "store": STORE,
        "key_file": str(sim.folder / "key"),
        "merchant": MERCHANT,
        "poll_s": 0.05,
        "settle_s": 0.05,
        "retry_s": 0.05,
        **options,
    }
    driver = registry.driver("qr")(CODES, given, told)
    driver.start()
    try:
        yield driver, told
    finally:
        driver.stop()


@pytest.fixture
def rig(sim: Sim) -> Iterator[tuple[Driver, Told]]:
    with driven(sim) as (driver, told):
        told.until(TerminalRead, lambda each: each.is_ready)
        yield driver, told


def pay(driver: Driver, op: str = "op00000001", code: str = "") -> None:
    driver.perform(RequestPayment(op, CODES, STORE, Yen(200), "code", "0001", code))


def test_a_code_on_the_screen_is_scanned_and_paid(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    assert told.all[0] == DeviceArrived(CODES, "code gateway STORE-0001")
    pay(driver)
    payload = told.until(PaymentCodeMade).payload
    assert decode(payload)["54"] == "200"
    changed = payload.replace("5403200", "5403100")
    assert "no payment code" in sim.do("scan", changed)["phone"]
    assert sim.do("scan", payload)["phone"] == "paid"
    ended = told.until(PaymentEnded)
    assert (ended.outcome, ended.amount) == (Outcome.CONFIRMED, Yen(200))
    assert sim.taken == {"paypay": 200}
    assert "not valid" in sim.do("scan", payload)["phone"], "it pays once"


def test_a_code_on_the_phone(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    code = sim.do("show-code", "dbarai")["code"]
    pay(driver, code=code)
    assert told.until(PaymentEnded).outcome is Outcome.CONFIRMED
    assert sim.taken == {"dbarai": 200}
    pay(driver, "op00000002", code)
    assert (told.until(PaymentEnded).code) == "not-allowed", "it pays once"
    assert all(code not in repr(each) for each in told.all)
    assert code not in repr(RequestPayment("o", CODES, STORE, Yen(1), "b", "1", code))


@pytest.mark.parametrize(("answer", "outcome"), [("confirm", Outcome.CONFIRMED), ("refuse", Outcome.REFUSED)])
def test_a_phone_that_asks_its_owner(
    sim: Sim, rig: tuple[Driver, Told], answer: str, outcome: Outcome
) -> None:
    driver, told = rig
    sim.do("ask-owner")
    pay(driver, code=sim.do("show-code")["code"])
    assert told.until(PaymentProgressed).stage == "processing"
    sim.do(answer)
    assert told.until(PaymentEnded).outcome is outcome


def test_the_answer_to_the_payment_is_hurt(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    for number, fault in enumerate(("drop", "error", "garble", "cut", "duplicate", "flip", "reset"), 1):
        sim.do("fault", fault, 1, "PUT")
        pay(driver, f"op{number:08d}", sim.do("show-code")["code"])
        assert told.until(PaymentEnded).outcome is Outcome.CONFIRMED, fault
        assert sim.do("state")["heard"]["PUT"] == number, fault
        assert sim.taken == {"paypay": 200 * number}, fault


def test_a_payment_that_never_arrived(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    sim.do("fault", "lose", 1, "PUT")
    pay(driver, code=sim.do("show-code")["code"])
    ended = told.until(PaymentEnded)
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, "not-received")


def test_the_gateway_dies_after_the_act_and_the_next_life_of_the_core_asks(sim: Sim) -> None:
    with driven(sim, resolve_s=0.3) as (driver, told):
        told.until(TerminalRead)
        code = sim.do("show-code")["code"]
        sim.do("fault", "die", 1, "PUT")
        pay(driver, code=code)
        assert (told.until(PaymentEnded).outcome) is Outcome.UNKNOWN
        sim.stop(waits=True)
    sim.start()
    with driven(sim) as (driver, told):
        told.until(TerminalRead)
        driver.perform(ReadPayment("op00000001", CODES, STORE, Yen(200)))
        assert told.until(PaymentEnded).outcome is Outcome.CONFIRMED
    assert sim.taken == {"paypay": 200}


def test_cancel_and_too_long_for_a_person(sim: Sim) -> None:
    with driven(sim, payment_s=0.2) as (driver, told):
        told.until(TerminalRead)
        pay(driver)
        told.until(PaymentCodeMade)
        assert told.until(PaymentEnded).code == "aborted"
    with driven(sim) as (driver, told):
        told.until(TerminalRead)
        pay(driver, "op00000002")
        told.until(PaymentCodeMade)
        driver.perform(AbortPayment("op00000002", CODES))
        assert told.until(PaymentEnded).code == "aborted"
    assert sim.taken == {}


def test_void_and_totals(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    pay(driver, code=sim.do("show-code")["code"])
    told.until(PaymentEnded)
    driver.perform(RequestReversal("vo00000001", CODES, STORE, "op00000001", "", Yen(200), "code"))
    assert told.until(ReversalEnded).outcome is Outcome.CONFIRMED
    assert sim.taken == {}
    driver.perform(RequestReversal("vo00000002", CODES, STORE, "op00000001", "", Yen(200), "code"))
    assert told.until(ReversalEnded).outcome is Outcome.REFUSED
    driver.perform(ReadReversal("vo00000001", CODES, STORE))
    assert told.until(ReversalEnded).outcome is Outcome.CONFIRMED
    driver.perform(Reconcile("rc00000001", CODES, STORE))
    total = told.until(ReconciliationEnded).totals[0]
    assert (total.payments, total.paid, total.reversals, total.reversed) == (1, Yen(200), 1, Yen(200))


def test_it_comes_and_goes_and_is_not_always_ready(sim: Sim, rig: tuple[Driver, Told]) -> None:
    driver, told = rig
    sim.do("ready", "off")
    driver.perform(ReadTerminal(CODES))
    assert told.until(TerminalRead).code == "no-service"
    sim.stop()
    driver.perform(ReadTerminal(CODES))
    assert told.until(DeviceLost).code == "no-port"
    pay(driver)
    assert told.until(PaymentEnded).code == "no-terminal"
    sim.start()
    told.until(DeviceArrived)


def test_another_store_and_a_wrong_key(sim: Sim) -> None:
    with driven(sim, store="OTHER") as (_, told):
        assert told.until(DeviceLost).code == "wrong-terminal"
    (sim.folder / "key").write_text("wrong")
    with driven(sim) as (_, told):
        assert told.until(DeviceLost).code == "refused"


def test_options_and_commands_that_are_not_its_own(tmp_path: Path) -> None:
    make = registry.driver("qr")
    good = {"url": "http://127.0.0.1:1", "store": STORE, "key_file": "k", "merchant": MERCHANT}
    for bad in (
        {"url": "ftp://x"},
        {"merchant": {**MERCHANT, "account": "1"}},
        {"colour": "red"},
        {"store": 1},
    ):
        with pytest.raises(ConfigError):
            make(CODES, {**good, **bad}, print)
    with pytest.raises(ContractError):
        make(CODES, good, print).perform(PrintSlip("op", CODES, Slip("receipt", ())))


@pytest.mark.parametrize("way", ["port", "link"])
def test_a_stranger_works_with_the_readme_alone(sim: Sim, way: str) -> None:
    """At a port and at a Unix socket (`--link`), as `curl --unix-socket` would."""
    if way == "link":
        sim.stop()
        sim.link = sim.folder / "gateway"
        sim.start()

    def ask(method: str, path: str, body: object = None, key: str = "demo-key") -> tuple[int, dict[str, Any]]:
        line = http.client.HTTPConnection("127.0.0.1", sim.port)
        if sim.link is not None:
            line.sock = socket.socket(socket.AF_UNIX)
            line.sock.connect(str(sim.link))
        line.request(method, path, json.dumps(body), {"Authorization": f"Bearer {key}"})
        answer = line.getresponse()
        found = json.loads(answer.read())
        line.close()
        return answer.status, found

    assert ask("GET", "/v1/health", {})[1] == {"store": STORE, "is_ready": True}
    assert ask("GET", "/v1/health", {}, "wrong")[0] == 401
    assert ask("GET", "/v1/payments/a1", {})[0] == 404
    wish = {"store": STORE, "amount": 350, "method": "consumer", "code": sim.do("show-code")["code"]}
    assert ask("PUT", "/v1/payments/a1", wish)[1]["state"] == "paid"
    assert ask("PUT", "/v1/payments/a1", wish) == (200, ask("GET", "/v1/payments/a1", {})[1])
    assert ask("PUT", "/v1/payments/a2", {**wish, "amount": -1})[0] == 422
    assert ask("PUT", "/v1/payments/a3", [])[0] == 400
    assert ask("PUT", "/v1/reversals/r1", {"of": "a1"})[1]["state"] == "reversed"
    assert sim.taken == {}
