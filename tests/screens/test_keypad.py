"""The PIN's road: keypad -> one packet -> wiped. And what nobody may ever see."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kivy.clock import Clock

from kiosk.ipc import secret_slot as slot
from screens import samples, tree
from tests.screens import window
from tests.screens.window import find, show, tap

SLOT = "0123456789abcdef0123456789abcdef"
_PATIENCE_S = 60
"""The window of the first test may need longer to open than a person would wait."""


class CardProcess:
    """The other end: takes packets, answers one byte."""

    def __init__(self, path: Path, answer: bytes) -> None:
        self.packets: list[bytes] = []
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen(4)
        self._listener.settimeout(_PATIENCE_S)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        peer, _ = self._listener.accept()
        peer.settimeout(_PATIENCE_S)
        with peer:
            self.packets.append(peer.recv(1000))
            peer.send(self._answer)
            self.packets.append(peer.recv(1000))

    def end(self) -> None:
        self._thread.join(_PATIENCE_S)
        self._listener.close()


@pytest.fixture
def pin_path(tmp_path: Path) -> Path:
    return tmp_path / "pin.sock"


@pytest.fixture
def clock() -> Iterator[list[float]]:
    yield [0.0]


def _open(clock: list[float], pin_path: Path) -> Any:
    app = show("pin")
    body = msgspec.structs.replace(samples.sample("pin").body, slot=SLOT)
    app.show(msgspec.structs.replace(samples.sample("pin", rev=2), body=body))
    app.pin_socket = str(pin_path)
    app.frame.screen.ids.pad.now_s = lambda: clock[0]
    return app


def _type(app: Any, clock: list[float], digits: str, apart_s: float = 0.15) -> None:
    for digit in digits:
        clock[0] += apart_s
        tap(find(app, f"key {digit}"))


def _count(app: Any) -> int:
    return int(app.frame.screen.ids.digits.count)


def _keyed(app: Any, count: int, rev: int) -> None:
    body = msgspec.structs.replace(samples.sample("pin").body, slot=SLOT, keyed=count)
    app.show(msgspec.structs.replace(samples.sample("pin", rev=rev), body=body))


def test_the_ten_keys_digits_are_dots_and_its_pin_is_sent_by_an_empty_packet(
    clock: list[float], pin_path: Path
) -> None:
    process = CardProcess(pin_path, slot.ACCEPTED)
    app = _open(clock, pin_path)
    _type(app, clock, "98")
    _keyed(app, 1, 3)  # what was begun here is wiped: one pad at a time
    assert _count(app) == 1 and app.frame.screen.ids.pad.count == 0
    assert not find(app, "key 5").is_enabled and not app.frame.screen.ids.go.is_enabled
    _keyed(app, 4, 4)
    assert _count(app) == 4
    tap(app.frame.screen.ids.go)
    process.end()
    assert process.packets == [bytes.fromhex(SLOT) + bytes(17), b""]


def test_digits_taken_back_on_the_ten_key_give_the_screens_pad_free(
    clock: list[float], pin_path: Path
) -> None:
    app = _open(clock, pin_path)
    _keyed(app, 1, 3)
    _keyed(app, 0, 4)
    _type(app, clock, "12")
    assert _count(app) == 2


def test_a_doubled_digit_counts_twice_and_a_bounce_once(clock: list[float], pin_path: Path) -> None:
    app = _open(clock, pin_path)
    _type(app, clock, "11", apart_s=0.1)
    assert _count(app) == 2
    _type(app, clock, "1", apart_s=0.05)
    assert _count(app) == 2
    _type(app, clock, "2", apart_s=0.05)
    assert _count(app) == 3


def test_more_than_enough_digits_are_not_taken(clock: list[float], pin_path: Path) -> None:
    app = _open(clock, pin_path)
    _type(app, clock, "123456")
    assert _count(app) == 4


def test_deleting_one_and_all(clock: list[float], pin_path: Path) -> None:
    app = _open(clock, pin_path)
    _type(app, clock, "123")
    tap(find(app, "pin.delete_one"))
    assert _count(app) == 2
    tap(find(app, "pin.delete_all"))
    assert _count(app) == 0
    assert bytes(app.frame.screen.ids.pad._digits._digits) == bytes(slot.SECRET_MAX)


def test_four_digits_leave_in_one_packet_and_are_wiped(clock: list[float], pin_path: Path) -> None:
    card = CardProcess(pin_path, slot.ACCEPTED)
    app = _open(clock, pin_path)
    _type(app, clock, "1122")
    pad = app.frame.screen.ids.pad
    tap(find(app, "main"))
    assert bytes(pad._digits._digits) == bytes(slot.SECRET_MAX)
    assert pad.count == 0
    card.end()
    assert card.packets == [bytes.fromhex(SLOT) + b"\x041122" + bytes(12), b""]
    assert len(card.packets[0]) == slot.PACKET_BYTES
    assert app._client.sent == []


def test_a_second_tap_sends_nothing_more(clock: list[float], pin_path: Path) -> None:
    card = CardProcess(pin_path, slot.ACCEPTED)
    app = _open(clock, pin_path)
    _type(app, clock, "1234")
    node = find(app, "main")
    tap(node)
    tap(node)
    card.end()
    assert len(card.packets) == 2
    assert card.packets[1] == b""


def test_with_nobody_at_the_other_end_the_digits_are_wiped_and_asked_again(
    clock: list[float], pin_path: Path
) -> None:
    app = _open(clock, pin_path)
    _type(app, clock, "1234")
    pad = app.frame.screen.ids.pad
    tap(find(app, "main"))
    assert bytes(pad._digits._digits) == bytes(slot.SECRET_MAX)
    assert _count(app) == 0
    assert app.frame.screen.ids.left.key == "pin.again"
    _type(app, clock, "12")
    assert _count(app) == 2


def test_a_refusal_asks_again(clock: list[float], pin_path: Path) -> None:
    card = CardProcess(pin_path, slot.REFUSED)
    app = _open(clock, pin_path)
    _type(app, clock, "1234")
    tap(find(app, "main"))
    card.end()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon and "await" in thread.name:
            thread.join(5)
    for _ in range(50):
        Clock.tick()
        if app.frame.screen.ids.left.key == "pin.again":
            break
    assert app.frame.screen.ids.left.key == "pin.again"


def test_leaving_the_screen_wipes(clock: list[float], pin_path: Path) -> None:
    app = _open(clock, pin_path)
    _type(app, clock, "123")
    pad = app.frame.screen.ids.pad.__self__  # held, or it were gone with its screen
    app.show(samples.sample("take-card", rev=9, step=9))
    assert bytes(pad._digits._digits) == bytes(slot.SECRET_MAX)
    assert pad.count == 0


def test_a_new_slot_starts_from_nothing(clock: list[float], pin_path: Path) -> None:
    app = _open(clock, pin_path)
    _type(app, clock, "123")
    app.show(samples.sample("pin-wrong", rev=9, step=9))
    assert _count(app) == 0


def test_while_the_slot_is_closed_no_digit_is_taken(clock: list[float]) -> None:
    show("pin-checking")
    app = window.app()
    nodes = {node.key: node for node in _nodes(app)}
    assert not nodes["key 5"].is_enabled
    tap(nodes["key 5"])
    assert app.frame.screen.ids.pad.count == 0


def test_nothing_that_can_be_asked_for_differs_between_two_pins(clock: list[float], pin_path: Path) -> None:
    """Pixels and tree after the same number of digits are the same, whichever digits they were."""
    seen = []
    for digits in ("1357", "0862"):
        app = _open(clock, pin_path)
        _type(app, clock, digits)
        seen.append((tree.as_text(tree.in_front(app.frame)), window.pixels().tobytes()))
    assert seen[0] == seen[1]


def _nodes(app: Any) -> list[Any]:
    return tree.in_front(app.frame)
