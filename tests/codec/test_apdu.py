"""Command and response APDUs: the seven forms, and what is between a connection and an application."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.jpki.apdu import Command, Response, Sw, decode_command, decode_response, tries_left
from drivers.jpki.processors import GetResponse, Plain, ShortOnly
from kiosk.errors import DeviceTimeout, PeerProtocolError


@pytest.mark.parametrize(
    ("command", "raw"),
    [
        (Command(0, 0x20, 0, 0x98), "00200098"),
        (Command(0, 0xB0, 0, 0, ne=4), "00B0000004"),
        (Command(0, 0xB0, 0, 0, ne=256), "00B0000000"),
        (Command(0, 0xA4, 4, 12, b"\x01\x02"), "00A4040C020102"),
        (Command(0, 0xA4, 4, 0, b"\x01\x02", 256), "00A40400020102" + "00"),
        (Command(0, 0xB0, 0x8A, 0, ne=2048), "00B08A00000800"),
        (Command(0, 0xB0, 0x8A, 0, ne=65536), "00B08A00000000"),
        (Command(0x80, 0xA2, 0, 0, b"\xaa" * 256), "80A20000" + "000100" + "AA" * 256),
        (Command(0x80, 0xA2, 0, 0, b"\xaa", 257), "80A20000" + "000001" + "AA" + "0101"),
        (Command(0x80, 0xA2, 0, 0, b"\xaa" * 256, 65536), "80A20000" + "000100" + "AA" * 256 + "0000"),
    ],
)
def test_the_seven_forms(command: Command, raw: str) -> None:
    assert command.encode() == bytes.fromhex(raw)
    assert decode_command(bytes.fromhex(raw)) == command


@given(
    st.integers(0, 255),
    st.binary(max_size=600),
    st.one_of(st.just(0), st.integers(1, 256), st.integers(257, 65536)),
)
def test_what_is_encoded_is_decoded(ins: int, data: bytes, ne: int) -> None:
    command = Command(0x80, ins, 1, 2, data, ne)
    assert decode_command(bytes(command.encode())) == command


@given(st.binary(max_size=300))
def test_garbage_is_a_value_or_a_protocol_error(raw: bytes) -> None:
    for decode in (decode_command, decode_response):
        try:
            decode(raw)
        except PeerProtocolError:
            continue


@pytest.mark.parametrize(("data", "ne"), [(b"", -1), (b"", 65537), (bytes(65536), 0)])
def test_lengths_that_no_apdu_has_are_our_own_mistake(data: bytes, ne: int) -> None:
    with pytest.raises(ValueError, match="length"):
        Command(0, 0xB0, 0, 0, data, ne).encode()


@pytest.mark.parametrize(
    ("sw", "left"), [(0x63C3, 3), (0x63C0, 0), (0x6984, 0), (0x6983, 0), (0x9000, None), (0x6300, None)]
)
def test_tries(sw: int, left: int | None) -> None:
    assert tries_left(sw) == left


def test_data_does_not_show() -> None:
    shown = repr(Command(0, 0x20, 0, 0x98, bytearray(b"1234"))) + repr(Response(b"1234", Sw.OK))
    assert "1234" not in shown and "31323334" not in shown


class Script:
    """A connection that answers from a list."""

    def __init__(self, *answers: str | Exception) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    def transmit(self, command: bytearray) -> bytes:
        self.asked.append(command.hex())
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return bytes.fromhex(answer)


READ = Command(0, 0xB0, 0x8A, 0, ne=2048)


def test_more_that_waits_is_fetched() -> None:
    card = Script("01026102", "03049000")
    assert GetResponse(Plain(card)).send(READ) == Response(b"\1\2\3\4", Sw.OK)
    assert card.asked == ["00b08a00000800", "00c0000002"]


def test_a_wrong_le_is_put_right() -> None:
    card = Script("6c04", "010203049000")
    assert GetResponse(Plain(card)).send(READ).data == b"\1\2\3\4"
    assert card.asked[1] == "00b08a0004"


def test_a_wrong_le_to_a_command_with_data_is_not_sent_twice() -> None:
    card = Script("6c04")
    assert GetResponse(Plain(card)).send(Command(0, 0x20, 0, 0x98, b"1234", 256)).sw == 0x6C04
    assert len(card.asked) == 1


def test_an_answer_without_an_end_is_given_up() -> None:
    card = Script(*["616100"[:4]] * 400)
    with pytest.raises(PeerProtocolError):
        GetResponse(Plain(card)).send(READ)


@pytest.mark.parametrize("refusal", ["6700", "6D00", "6E00", DeviceTimeout("card: no answer")])
def test_long_reads_become_short_for_good(refusal: str | Exception) -> None:
    card = Script(refusal, "aa9000", "bb9000")
    processor = ShortOnly(Plain(card))
    assert [processor.send(READ).data for _ in range(2)] == [b"\xaa", b"\xbb"]
    assert card.asked == ["00b08a00000800", "00b08a0000", "00b08a0000"]


def test_nothing_but_a_read_is_sent_twice() -> None:
    card = Script("6700")
    assert ShortOnly(Plain(card)).send(Command(0, 0x88, 0, 0, bytes(16), 2048)).sw == 0x6700
    assert len(card.asked) == 1


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_processors_survive_any_card(answers: list[bytes]) -> None:
    rest = iter(answers)

    class Card:
        def transmit(self, command: bytearray) -> bytes:
            return next(rest, b"\x6f\x00")

    send: Callable[[Command], Response] = ShortOnly(GetResponse(Plain(Card()))).send
    try:
        assert isinstance(send(READ), Response)
    except PeerProtocolError:
        return
