"""What replies mean: tables of the specification, and any data gives a value or PeerProtocolError."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cctalk import messages as m
from drivers.cctalk.messages import CreditBuffer, CreditEvent, HopperFlag, HopperStatus, Level
from kiosk.errors import PeerProtocolError
from kiosk.money import Denomination

PARSERS: list[Callable[[bytes], object]] = [
    m.parse_credits,
    m.parse_hopper_status,
    m.parse_hopper_flags,
    m.parse_level,
    m.parse_count,
    m.parse_byte,
    m.parse_mask,
    m.parse_text,
    m.parse_coin_id,
]


@pytest.mark.parametrize("parse", PARSERS, ids=lambda each: each.__name__)
@given(data=st.binary(max_size=260))
def test_any_data_is_a_value_or_a_protocol_error(parse: Callable[[bytes], object], data: bytes) -> None:
    try:
        parse(data)
    except PeerProtocolError:
        pass


@pytest.mark.parametrize("parse", PARSERS, ids=lambda each: each.__name__)
def test_nothing_is_no_reply(parse: Callable[[bytes], object]) -> None:
    with pytest.raises(PeerProtocolError):
        parse(b"")


def test_credit_buffer_of_the_manual() -> None:
    """Counter 6; newest first: coin 6 by path 4, a return, a return of code 23, coin 6, coin 13 by path 2."""
    buffer = m.parse_credits(bytes((6, 6, 4, 0, 20, 0, 23, 6, 4, 13, 2)))
    assert buffer == CreditBuffer(
        6, (CreditEvent(6, 4), CreditEvent(0, 20), CreditEvent(0, 23), CreditEvent(6, 4), CreditEvent(13, 2))
    )
    assert m.event_word(20) == "coin-on-string"


@pytest.mark.parametrize(
    ("data", "level"),
    [
        (0x00, Level(False, False)),
        (0x01, Level(False, False)),  # low, says a sensor that is not fitted
        (0x11, Level(True, False)),
        (0x32, Level(False, True)),
        (0x30, Level(False, False)),
    ],
)
def test_level_sensors_speak_only_when_fitted(data: int, level: Level) -> None:
    assert m.parse_level(bytes((data,))) == level


@pytest.mark.parametrize(
    ("text", "coin"),
    [
        (b"JP100A", Denomination.COIN100),
        (b"JP500B", Denomination.COIN500),
        (b"JP500C", Denomination.COIN500),
        (b"JP001A", Denomination.COIN1),
        (b"EU100A", None),
        (b"JP020A", None),
        (b"......", None),
        (b"\x00" * 6, None),
        ("JP１A".encode(), None),
    ],
)
def test_coin_names(text: bytes, coin: Denomination | None) -> None:
    assert m.parse_coin_id(text[:6]) is coin


def test_serial_number_of_the_flow_manual() -> None:
    assert m.parse_count(bytes.fromhex("DFD70A")) == 0x0AD7DF


def test_hopper_flags_of_one_two_or_three_registers() -> None:
    assert m.parse_hopper_flags(b"\x80") == HopperFlag.PAYOUT_DISABLED
    assert m.parse_hopper_flags(b"\x08\x02") == HopperFlag.OPTO_BLOCKED_IDLE | HopperFlag.SINGLE_COIN_MODE
    assert m.parse_hopper_flags(b"\x00\x00\x18") == HopperFlag.CIPHER_INCORRECT | HopperFlag.ENCRYPTED
    assert m.blocking_faults(m.parse_hopper_flags(b"\x2a")) == ("exit-blocked", "empty-or-jam")


def test_hopper_status() -> None:
    assert m.parse_hopper_status(bytes((9, 1, 2, 3))) == HopperStatus(9, 1, 2, 3)


def test_counters_go_from_255_to_1_and_never_to_0() -> None:
    assert m.next_counter(0) == 1
    assert m.next_counter(1) == 2
    assert m.next_counter(254) == 255
    assert m.next_counter(255) == 1


@given(st.integers(0, 255), st.integers(0, 254))
def test_events_between_is_how_often_the_counter_moved(start: int, count: int) -> None:
    counter = start
    for _ in range(count):
        counter = m.next_counter(counter)
    assert m.events_between(start, counter) == count


def test_words_of_unknown_codes_keep_their_number() -> None:
    assert m.event_word(77) == "event-77"
    assert m.event_word(130) == "inhibited"
    assert m.fault_word(99) == "fault-99"
    assert m.fault_word(3) == "credit-sensor"


def test_identity_texts_are_cleaned() -> None:
    assert m.parse_text(b" SIM\x00\x1b[31m ") == "SIM  [31m"
