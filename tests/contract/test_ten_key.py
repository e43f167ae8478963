"""The marked ten-key, up to a descriptor that carries `input_event`: no input device exists where tests run."""

from __future__ import annotations

import fcntl
import os
import selectors
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card_service import tenkey
from drivers.card_service.pin_channel import PinChannel
from drivers.card_service.tenkey import EVENT, Press, TenKey, decode
from kiosk.ids import SlotId
from kiosk.ipc.secret_slot import ACCEPTED, REFUSED, SECRET_MAX

PAD = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))
ROW = dict(zip("0123456789", (11, 2, 3, 4, 5, 6, 7, 8, 9, 10), strict=True))
ENTER, DROP, CLEAR = 96, 83, 69


def event(kind: int, code: int, value: int) -> bytes:
    return EVENT.pack(1_700_000_000, 5, kind, code, value)


def stroke(code: int) -> bytes:
    return event(1, code, 1) + event(0, 0, 0) + event(1, code, 0) + event(0, 0, 0)


@pytest.mark.parametrize("codes", [PAD, ROW], ids=["pad", "row"])
def test_every_digit_is_its_own(codes: dict[str, int]) -> None:
    typed = b"".join(stroke(code) for code in codes.values())
    assert list(decode(typed)) == list(range(10))


def test_a_held_key_is_one_digit_and_other_keys_are_none() -> None:
    held = event(1, PAD["7"], 1) + event(1, PAD["7"], 2) * 5 + event(1, PAD["7"], 0)
    letters = b"".join(stroke(code) for code in (16, 30, 44, 57, 59))
    assert list(decode(held + letters + event(4, 4, 458848) + event(2, 0, 1))) == [7]


def test_what_the_kernel_lost_is_told() -> None:
    assert list(decode(stroke(PAD["1"]) + event(0, 3, 0) + stroke(28))) == [1, Press.LOST, Press.ENTER]


def test_it_is_the_size_that_this_machine_writes() -> None:
    assert EVENT.size == 24 and tenkey.EVIOCGRAB == 0x40044590


@given(st.binary(max_size=400))
def test_any_bytes_are_digits_and_presses(data: bytes) -> None:
    assert all(isinstance(each, Press) or 0 <= each <= 9 for each in decode(data))


class Hands:
    """A pad on a pipe, the channel behind it, and what came out."""

    def __init__(self, folder: Path, must_grab: bool = False, length: int = 4) -> None:
        self.pad = folder / "pad"
        os.mkfifo(self.pad)
        self._fd = os.open(self.pad, os.O_RDWR | os.O_NONBLOCK)
        self.selector = selectors.DefaultSelector()
        self.taken: list[bytes] = []
        self.spoilt: list[SlotId] = []
        self.counts: list[int] = []
        self.keys = TenKey(self.pad, self.selector, must_grab)
        self._socket = folder / "pin.sock"
        self.channel = PinChannel(
            self._socket,
            os.geteuid(),
            self.selector,
            self,
            lambda secret: self.taken.append(bytes(secret)),
            self.spoilt.append,
            self.keys,
            lambda _, count: self.counts.append(count),
        )
        self._length = length
        self.slot = SlotId("")

    def monotonic_s(self) -> float:
        return 100.0

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def open(self) -> None:
        self.slot = self.channel.open(self._length, self._length)

    def press(self, *codes: int) -> None:
        os.write(self._fd, b"".join(map(stroke, codes)))
        self.turn()

    def type(self, digits: str) -> None:
        self.press(*(PAD[each] for each in digits))

    def turn(self) -> None:
        for _ in range(4):
            for key, _events in self.selector.select(0):
                now = self.selector.get_map().get(key.fd)
                if now is not None and now.data is key.data:
                    key.data()

    def send(self, digits: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
            peer.connect(os.fspath(self._socket))
            peer.send(bytes.fromhex(self.slot) + bytes([len(digits)]) + digits.ljust(SECRET_MAX, b"\0"))
            self.turn()
            return peer.recv(1)

    def close(self) -> None:
        self.channel.close()
        self.selector.close()
        os.close(self._fd)


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    made = Hands(tmp_path)
    yield made
    made.close()


def test_digits_and_enter_are_a_pin_and_only_their_count_is_told(hands: Hands) -> None:
    hands.open()
    hands.type("1234")
    assert (hands.taken, hands.counts) == ([], [1, 2, 3, 4])
    hands.press(ENTER)
    assert hands.taken == [b"1234"]
    assert hands.channel.close() is None, "the slot is used up"
    assert not any(hands.keys._digits)


def test_too_few_digits_are_no_pin_and_no_end(hands: Hands) -> None:
    hands.open()
    hands.type("123")
    hands.press(ENTER)
    assert (hands.taken, hands.spoilt) == ([], [])
    hands.type("4")
    hands.press(ENTER)
    assert hands.taken == [b"1234"]


def test_one_back_all_back_and_no_more_than_there_is_room_for(hands: Hands) -> None:
    hands.open()
    hands.type("12345")
    hands.press(DROP)
    hands.type("9")
    assert hands.counts == [1, 2, 3, 4, 3, 4]
    hands.press(CLEAR, DROP)
    assert hands.counts[-1] == 0 and not any(hands.keys._digits)
    hands.type("8765")
    hands.press(ENTER)
    assert hands.taken == [b"8765"]


def test_the_screens_own_key_may_end_it_too(hands: Hands) -> None:
    hands.open()
    hands.type("1234")
    assert hands.send(b"") == ACCEPTED
    assert hands.taken == [b"1234"]


def test_an_empty_packet_without_digits_is_a_wrong_form(hands: Hands) -> None:
    hands.open()
    hands.type("12")
    assert hands.send(b"") == REFUSED
    assert (hands.taken, hands.spoilt) == ([], [hands.slot])


def test_the_screens_packet_wins_over_what_the_pad_began(hands: Hands) -> None:
    hands.open()
    hands.type("12")
    assert hands.send(b"8765") == ACCEPTED
    assert hands.taken == [b"8765"] and not any(hands.keys._digits)


def test_nothing_is_read_outside_a_slot(hands: Hands) -> None:
    hands.type("99")
    hands.open()
    hands.type("1234")
    hands.channel.close()
    hands.type("56")
    hands.open()
    assert hands.keys.count == 0
    hands.type("8765")
    hands.press(ENTER)
    assert (hands.taken, hands.counts) == ([b"8765"], [1, 2, 3, 4, 1, 2, 3, 4])


def test_lost_events_clear_what_is_held(hands: Hands) -> None:
    hands.open()
    hands.type("12")
    os.write(hands._fd, event(0, 3, 0))
    hands.turn()
    assert hands.counts == [1, 2, 0]


def test_no_pad_no_harm(tmp_path: Path) -> None:
    made = Hands(tmp_path)
    made.pad.unlink()
    made.open()
    assert made.send(b"1234") == ACCEPTED
    made.close()


def test_a_pad_that_is_pulled_forgets_what_it_held(tmp_path: Path) -> None:
    made = Hands(tmp_path)
    made.open()
    made.type("12")
    os.close(made._fd)  # the writer's end: what a pipe says then, a pulled pad says with ENODEV
    made.turn()
    assert made.counts == [1, 2, 0]
    made.channel.close()
    made.selector.close()


def test_a_machine_in_use_takes_no_pad_that_it_cannot_have_alone(tmp_path: Path) -> None:
    """A pipe cannot be grabbed, and who cannot grab does not listen: somebody else might."""
    made = Hands(tmp_path, must_grab=True)
    made.open()
    made.type("1234")
    made.press(ENTER)
    assert (made.taken, made.counts) == ([], [])
    made.close()


def test_a_grab_that_is_refused_is_no_pad_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(16, "busy")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    made = Hands(tmp_path)
    made.open()
    made.type("1")
    assert made.counts == []
    made.close()


def test_the_pad_is_grabbed_for_the_slot_and_let_go_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(fcntl, "ioctl", lambda fd, request, value: asked.append((request, value)))
    made = Hands(tmp_path, must_grab=True)
    assert asked == []
    made.open()
    assert asked == [(tenkey.EVIOCGRAB, 1)]
    fd = made.keys._fd
    assert fd is not None
    made.channel.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(fd)
    made.close()
