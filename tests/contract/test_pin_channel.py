"""The PIN's socket: one slot, one packet, one time; in this process, under this uid."""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.card_service import pin_channel
from drivers.card_service.pin_channel import SLOT_LIFE_S, PinChannel
from kiosk.ids import SlotId
from kiosk.ipc.peer import NOBODY
from kiosk.ipc.secret_slot import ACCEPTED, PACKET_BYTES, REFUSED, SECRET_MAX


class Hands:
    """A clock, and what came out of the channel."""

    def __init__(self, path: Path, uid: int) -> None:
        self.now_s = 100.0
        self.selector = selectors.DefaultSelector()
        self.taken: list[bytes] = []
        self.spoilt: list[SlotId] = []
        self.channel = PinChannel(path, uid, self.selector, self, self._take, self.spoilt.append)
        self._path = path

    def monotonic_s(self) -> float:
        return self.now_s

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def _take(self, secret: bytearray) -> None:
        self.taken.append(bytes(secret))
        assert not self._path.exists(), "the road is gone before the card is asked"

    def connect(self) -> socket.socket:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        peer.connect(os.fspath(self._path))
        return peer

    def turn(self) -> None:
        """Everything that waits now."""
        for _ in range(4):
            for key, _events in self.selector.select(0):
                now = self.selector.get_map().get(key.fd)
                if now is not None and now.data is key.data:
                    key.data()


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    made = Hands(tmp_path / "pin.sock", os.geteuid())
    yield made
    made.channel.close()
    made.selector.close()


def _packet(slot: str, digits: bytes, length: int | None = None) -> bytes:
    size = len(digits) if length is None else length
    return bytes.fromhex(slot) + bytes([size]) + digits.ljust(SECRET_MAX, b"\0")


def test_one_packet_is_taken_and_the_road_is_gone(hands: Hands) -> None:
    slot = hands.channel.open(4, 4)
    with hands.connect() as peer:
        peer.send(_packet(slot, b"1234"))
        hands.turn()
        assert peer.recv(2) == ACCEPTED
    assert hands.taken == [b"1234"]
    assert hands.channel.close() is None
    assert not hands.spoilt


def test_of_two_screens_at_once_one_is_taken(hands: Hands) -> None:
    slot = hands.channel.open(4, 4)
    with hands.connect() as first, hands.connect() as second:
        hands.turn()
        first.send(_packet(slot, b"1111"))
        second.send(_packet(slot, b"2222"))
        hands.turn()
    assert len(hands.taken) == 1


@pytest.mark.parametrize(
    "packet",
    [
        b"1234",
        b"x" * (PACKET_BYTES - 1),
        b"x" * (PACKET_BYTES + 1),
        b"x" * 4000,
    ],
)
def test_another_size_spoils_the_slot(hands: Hands, packet: bytes) -> None:
    slot = hands.channel.open(4, 4)
    with hands.connect() as peer:
        peer.send(packet)
        hands.turn()
        assert peer.recv(2) == REFUSED
    assert hands.spoilt == [slot] and not hands.taken


@pytest.mark.parametrize(
    ("digits", "length"), [(b"123", 3), (b"12345", 5), (b"1234", 17), (b"1234", 255), (b"12x4", 4), (b"", 0)]
)
def test_another_form_spoils_the_slot(hands: Hands, digits: bytes, length: int) -> None:
    slot = hands.channel.open(4, 4)
    with hands.connect() as peer:
        peer.send(_packet(slot, digits, length))
        hands.turn()
        assert peer.recv(2) == REFUSED
    assert hands.spoilt == [slot] and not hands.taken


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        (b"EXAMPLE2026A", b"EXAMPLE2026A"),
        (b"example2026a", b"EXAMPLE2026A"),
        (b"ABCDEFGHIJKLMNO1", b"ABCDEFGHIJKLMNO1"),
        (b"ABCDEF", None),
        (b"123456", None),
        (b"AB12C", None),
        (b"ABC 123", None),
        (b"ABC123\xff", None),
    ],
)
def test_a_password_has_letters_and_digits_and_its_letters_are_raised(
    hands: Hands, typed: bytes, taken: bytes | None
) -> None:
    slot = hands.channel.open(6, 16, has_letters=True)
    peer = hands.connect()
    peer.send(_packet(slot, typed))
    hands.turn()
    assert hands.taken == ([taken] if taken else [])
    assert hands.spoilt == ([] if taken else [slot])
    assert peer.recv(1) == (ACCEPTED if taken else REFUSED)
    peer.close()


def test_letters_are_no_pin(hands: Hands) -> None:
    slot = hands.channel.open(4, 4)
    peer = hands.connect()
    peer.send(_packet(slot, b"12A4"))
    hands.turn()
    assert (hands.taken, hands.spoilt) == ([], [slot])
    peer.close()


def test_a_late_packet_for_an_older_slot_does_not_spoil_the_new_one(hands: Hands) -> None:
    old = hands.channel.open(4, 4)
    slot = hands.channel.open(4, 4)
    assert old != slot
    with hands.connect() as peer:
        peer.send(_packet(old, b"9999"))
        hands.turn()
        assert peer.recv(2) == REFUSED
    with hands.connect() as peer:
        peer.send(_packet(slot, b"1234"))
        hands.turn()
    assert hands.taken == [b"1234"]


@pytest.mark.parametrize(("screen", "peer"), [(12345, None), (NOBODY, NOBODY)])
def test_a_stranger_is_refused_and_the_slot_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: int, peer: int | None
) -> None:
    """Across user namespaces everybody is 65534: even a screen of that uid is not believed."""
    if peer is not None:
        monkeypatch.setattr(pin_channel, "uid_of", lambda _: peer)
    hands = Hands(tmp_path / "pin.sock", screen)
    slot = hands.channel.open(4, 4)
    with hands.connect() as stranger:
        hands.turn()
        assert stranger.recv(2) == REFUSED
    assert hands.channel.close() == slot
    hands.selector.close()


def test_a_screen_that_dies_before_it_speaks_changes_nothing(hands: Hands) -> None:
    slot = hands.channel.open(4, 4)
    hands.connect().close()
    hands.turn()
    with hands.connect() as peer:
        peer.send(_packet(slot, b"1234"))
        hands.turn()
    assert hands.taken == [b"1234"]


def test_a_slot_ends_by_its_time(hands: Hands) -> None:
    slot = hands.channel.open(4, 4)
    hands.channel.check_time()
    assert hands.channel.seconds_left() == SLOT_LIFE_S and not hands.spoilt
    hands.now_s += SLOT_LIFE_S
    hands.channel.check_time()
    assert hands.spoilt == [slot]
    assert hands.channel.seconds_left() is None


def test_a_stale_socket_of_a_dead_process_is_replaced(hands: Hands, tmp_path: Path) -> None:
    (tmp_path / "pin.sock").touch()
    hands.channel.open(4, 4)
    hands.connect().close()
