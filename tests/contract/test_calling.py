"""The light and the message over their real wires: what is told, what is told again, and that nothing is held up."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import registry
from drivers.panel_io import codec
from drivers.panel_io.sim import SimTower
from drivers.webhook.sim import SimReceiver
from kiosk.errors import ConfigError, ContractError, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ports import DeviceArrived, DeviceLost, Driver, PrintSlip, SendMessage, SetSignal, Slip
from tests.contract.told import PATIENCE_S, Told

LAMP, MESSENGER = DeviceId("lamp1"), DeviceId("message1")
CALLED = SendMessage(MESSENGER, "called", "pay", "M-402", 0)


@pytest.fixture
def tower() -> Iterator[SimTower]:
    with SimTower() as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def receiver() -> Iterator[SimReceiver]:
    with SimReceiver() as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield made
        made.leaving.set()
        made.shutdown()


@pytest.fixture
def told() -> Told:
    return Told()


def until(is_so: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(int(PATIENCE_S / 0.01)):
        if is_so():
            return
        waiting.wait(0.01)
    raise AssertionError("it never came to that")


def lamp(tower: SimTower, told: Told, **options: Any) -> Driver:
    fast = {"poll_s": 0.05, "buzzer_s": 0.5, "answer_timeout_s": 0.5}
    driver = registry.driver("panel_io")(
        LAMP, {"host": "127.0.0.1", "port": tower.port, **fast, **options}, told
    )
    driver.start()
    return driver


def messenger(receiver: SimReceiver, told: Told, **options: Any) -> Driver:
    fast = {"first_pause_s": 0.02, "longest_pause_s": 0.05, "answer_timeout_s": 0.3, "machine": "kiosk-1"}
    url = f"http://127.0.0.1:{receiver.port}/call"
    driver = registry.driver("webhook")(MESSENGER, {"url": url, **fast, **options}, told)
    driver.start()
    return driver


# --- the light --------------------------------------------------------------------------------------------------------


def test_the_bytes_are_those_of_the_makers_samples() -> None:
    tower = codec.with_light("amber", codec.BLINKING, codec.RINGING)
    assert codec.set_request(b"AB", tower).hex(" ") == "41 42 53 00 00 06 09 03 09 09 09 01"
    assert codec.request(b"AB", codec.READ).hex(" ") == "41 42 47 00 00 00"
    assert codec.request(b"AB", codec.CLEAR).hex(" ") == "41 42 43 00 00 00"


@given(st.binary(max_size=40))
def test_any_answer_is_a_state_an_acknowledgement_or_a_protocol_error(data: bytes) -> None:
    for read in (codec.is_taken, codec.read_state):
        try:
            read(data)
        except PeerProtocolError:
            continue
    asked = codec.read_request(data)
    assert asked is None or codec.request(*asked[:2], asked[2]) == data[: 6 + len(asked[2])] or data[3] != 0


def test_a_call_blinks_and_rings_shortly_coming_stays_on_and_the_end_is_dark(
    tower: SimTower, told: Told
) -> None:
    driver = lamp(tower, told)
    try:
        told.until(DeviceArrived)
        driver.perform(SetSignal(LAMP, "called"))
        until(lambda: tower.state.lights[1] == codec.BLINKING)
        assert any(each.buzzer == codec.RINGING for each in tower.heard)
        until(lambda: tower.state.buzzer == codec.SILENT)
        assert tower.state.lights[1] == codec.BLINKING, "the light goes on"
        driver.perform(SetSignal(LAMP, "coming"))
        until(lambda: tower.state.lights[1] == codec.ON)
        assert [tower.state.lights[at] for at in (0, 2, 3, 4)] == [codec.OUT] * 4
    finally:
        driver.stop()
    assert tower.state.lights[1] == codec.OUT, "a machine that is off calls nobody"


@pytest.mark.parametrize(
    ("fault", "code"), [("nak", "protocol"), ("cut", "protocol"), ("garble", "protocol")]
)
def test_a_tower_in_trouble_is_told_anew_when_it_is_back(
    tower: SimTower, told: Told, fault: str, code: str
) -> None:
    driver = lamp(tower, told)
    try:
        told.until(DeviceArrived)
        tower.set_fault(fault)
        assert told.until(DeviceLost).code == code
        driver.perform(SetSignal(LAMP, "coming"))
        tower.set_fault()
        told.until(DeviceArrived)
        until(lambda: tower.state.lights[1] == codec.ON)
        tower.state = codec.Tower((codec.OUT,) * 5, codec.SILENT)  # its power went
        until(lambda: tower.state.lights[1] == codec.ON)
    finally:
        driver.stop()


def test_settings_and_commands_that_are_not_ours(tower: SimTower, told: Told) -> None:
    make = registry.driver("panel_io")
    for wrong in ({}, {"host": "a", "light": "pink"}, {"host": "a", "product": "ABC"}, {"host": "a", "x": 1}):
        with pytest.raises(ConfigError):
            make(LAMP, wrong, told)
    with pytest.raises(ContractError):
        make(LAMP, {"host": "a"}, told).perform(PrintSlip("op", LAMP, Slip("owed", ())))


# --- the message ------------------------------------------------------------------------------------------------------


def test_a_message_arrives_once_signed_and_says_nothing_of_a_person(
    receiver: SimReceiver, told: Told, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("secret\n")
    driver = messenger(receiver, told, place="本庁", key_file=str(tmp_path / "key"))
    try:
        driver.perform(CALLED)
        driver.perform(SendMessage(MESSENGER, "waiting", "pay", "M-402", 60))
        until(lambda: len(receiver.got) == 2)
    finally:
        driver.stop()
    first, second = receiver.got
    assert {key: first[key] for key in ("machine", "place", "what", "step", "code", "waited_s")} == {
        "machine": "kiosk-1",
        "place": "本庁",
        "what": "called",
        "step": "pay",
        "code": "M-402",
        "waited_s": 0,
    }
    assert set(first) == {"id", "call", "machine", "place", "what", "step", "code", "waited_s"}
    assert first["call"] == second["call"] and first["id"] != second["id"]
    assert receiver.signatures[0].startswith("sha256=")
    assert len(receiver.signatures[0]) == len("sha256=") + len(hmac.new(b"", b"", hashlib.sha256).hexdigest())


@pytest.mark.parametrize("fault", ["500", "cut", "hang"])
def test_a_receiver_in_trouble_is_tried_again_and_holds_nobody_up(
    receiver: SimReceiver, told: Told, fault: str
) -> None:
    receiver.set_fault(fault)
    driver = messenger(receiver, told)
    try:
        driver.perform(CALLED)
        assert told.until(DeviceLost).code in ("unreachable", "refused")
        until(lambda: receiver.asked >= 2)
        receiver.set_fault()
        told.until(DeviceArrived)
        until(lambda: len(receiver.got) == 1)
    finally:
        driver.stop()


def test_what_nobody_will_ever_take_is_not_sent_again(receiver: SimReceiver, told: Told) -> None:
    receiver.set_fault("404")
    driver = messenger(receiver, told)
    try:
        driver.perform(CALLED)
        told.until(DeviceLost)
        receiver.set_fault()
        driver.perform(SendMessage(MESSENGER, "ended", "pay", "", 5))
        until(lambda: len(receiver.got) == 1)
        assert receiver.got[0]["what"] == "ended"
    finally:
        driver.stop()


def test_the_queue_is_bounded_and_what_is_old_goes(receiver: SimReceiver, told: Told) -> None:
    receiver.set_fault("500")
    driver: Any = messenger(receiver, told, waiting=3, lasts_s=0.5)
    try:
        for seconds in range(10):
            driver.perform(SendMessage(MESSENGER, "waiting", "pay", "", seconds))
        assert driver.dropped >= 6
        until(lambda: driver.dropped == 10)
        receiver.set_fault()
        driver.perform(CALLED)
        until(lambda: [each["what"] for each in receiver.got] == ["called"])
    finally:
        driver.stop()


def test_plain_http_goes_to_this_machine_only(told: Told) -> None:
    make = registry.driver("webhook")
    for url in ("http://desk.example.jp/", "ftp://x/", "nonsense"):
        with pytest.raises(ConfigError):
            make(MESSENGER, {"url": url, "machine": "k"}, told)
    assert make(MESSENGER, {"url": "https://desk.example.jp/", "machine": "k"}, told).devices == (MESSENGER,)
