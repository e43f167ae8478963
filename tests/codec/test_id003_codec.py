"""ID-003 frames: golden vectors, and any bytes whatever give frames or PeerProtocolError, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.id003.codec import DATA_MAX, FRAME_MAX, NEED_DATA, Frame, FrameReader, crc16, decode, encode
from drivers.id003.messages import (
    Command,
    Extended,
    codes_of,
    disable_all_but,
    extended,
    fault_word,
    mask_of,
    parse_counts,
    parse_currencies,
    parse_destination,
    parse_extended,
    parse_recycled,
    parse_version,
    payout,
    recycled,
    refusal_word,
)
from kiosk.errors import ContractError, PeerProtocolError
from kiosk.money import Denomination

GOLDEN = [
    ("FC 05 11 27 56", Frame(Command.STATUS)),
    ("FC 05 40 2B 15", Frame(Command.RESET)),
    ("FC 05 41 A2 04", Frame(Command.STACK_1)),
    ("FC 05 43 B0 27", Frame(Command.RETURN)),
    ("FC 05 50 AA 05", Frame(Command.ACK)),
    ("FC 06 C3 00 04 D6", Frame(Command.SET_INHIBIT, b"\x00")),
    ("FC 06 C3 01 8D C7", Frame(Command.SET_INHIBIT, b"\x01")),
    ("FC 05 8A 7D 7C", Frame(Command.CURRENCIES)),
    ("FC 05 88 6F 5F", Frame(Command.VERSION)),
    (
        "FC 0D F0 20 D0 02 00 01 08 00 02 BA 42",
        extended(Extended.SET_CURRENCY, recycled({1: (0x62,), 2: (0x64,)})),
    ),
    ("FC 09 F0 20 4A 01 02 8B 5C", payout(1, 2)),
]
"""Open drivers, CRCs computed (facts: cash 1.4)."""

frames = st.builds(Frame, st.integers(0, 255), st.binary(max_size=DATA_MAX))


def cut(data: st.DataObject, raw: bytes) -> list[bytes]:
    """The bytes in pieces of any size."""
    pieces = []
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        pieces.append(raw[:size])
        raw = raw[size:]
    return pieces


def read_all(reader: FrameReader) -> list[Frame]:
    found = []
    while (frame := reader.next_frame()) is not NEED_DATA:
        found.append(frame)
    return found


@pytest.mark.parametrize(("text", "frame"), GOLDEN, ids=[text for text, _ in GOLDEN])
def test_golden_vectors_both_ways(text: str, frame: Frame) -> None:
    raw = bytes.fromhex(text)
    assert encode(frame) == raw
    assert decode(raw) == frame


def test_checksum() -> None:
    assert crc16(b"123456789") == 0x2189


@given(frames)
def test_a_frame_comes_back(frame: Frame) -> None:
    assert decode(encode(frame)) == frame
    assert len(encode(frame)) <= FRAME_MAX


@given(st.data(), st.lists(frames, max_size=4))
def test_a_stream_cut_anywhere_gives_the_same_frames(data: st.DataObject, sent: list[Frame]) -> None:
    reader = FrameReader()
    got = []
    for piece in cut(data, b"".join(encode(frame) for frame in sent)):
        reader.feed(piece)
        got += read_all(reader)
    assert got == sent


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_give_frames_or_a_protocol_error_and_never_pile_up(pieces: list[bytes]) -> None:
    reader = FrameReader()
    for piece in pieces:
        reader.feed(piece)
        while True:
            try:
                if reader.next_frame() is NEED_DATA:
                    break
            except PeerProtocolError:
                continue
        assert len(reader._buffer) < FRAME_MAX


@given(st.data(), frames)
def test_one_flipped_bit_is_never_believed(data: st.DataObject, frame: Frame) -> None:
    raw = bytearray(encode(frame))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PeerProtocolError):
        decode(bytes(raw))


@given(st.binary(max_size=30).filter(lambda noise: 0xFC not in noise), frames)
def test_after_noise_the_next_frame_is_found(noise: bytes, frame: Frame) -> None:
    reader = FrameReader()
    reader.feed(noise + encode(frame))
    if noise:
        with pytest.raises(PeerProtocolError):
            reader.next_frame()
    assert reader.next_frame() == frame


def test_behind_a_wrong_frame_the_right_one_is_found() -> None:
    reader = FrameReader()
    reader.feed(bytes.fromhex("FC 05 11 27 57") + encode(Frame(0x1A)))
    with pytest.raises(PeerProtocolError, match="checksum"):
        reader.next_frame()
    assert reader.next_frame() == Frame(0x1A)
    reader.feed(b"\xfc\x05\x11")
    assert reader.has_bytes
    reader.idle()
    assert not reader.has_bytes


@pytest.mark.parametrize("frame", [Frame(0x11, bytes(DATA_MAX + 1)), Frame(256), Frame(-1)])
def test_a_frame_that_cannot_exist_is_our_own_mistake(frame: Frame) -> None:
    with pytest.raises(ContractError):
        encode(frame)


# --- what data mean

TABLE = bytes.fromhex("61 6A 05 03  62 6A 01 03  63 6A 01 04  64 6A 02 03  65 6A 01 03  66 00 00 00")


def test_faces_are_read_from_the_device() -> None:
    kinds = {kind.issue: kind.denomination for kind in parse_currencies(TABLE, None)}
    assert kinds == {
        "61": Denomination.NOTE5000,
        "62": Denomination.NOTE1000,
        "63": Denomination.NOTE10000,
        "64": Denomination.NOTE2000,
        "65": Denomination.NOTE1000,
    }


@pytest.mark.parametrize(
    ("table", "country"),
    [
        ("61 01 05 00  62 01 0A 00", None),  # euros: five and ten are no yen notes
        ("61 01 01 03  62 02 05 03", None),  # two countries, and nobody said which
        ("61 01 01 03", 2),
    ],
)
def test_money_that_may_not_be_yen_is_none(table: str, country: int | None) -> None:
    assert all(kind.denomination is None for kind in parse_currencies(bytes.fromhex(table), country))


def test_a_country_that_is_named_is_enough() -> None:
    kinds = parse_currencies(bytes.fromhex("61 6A 01 03  62 01 01 03"), 0x6A)
    assert [kind.denomination for kind in kinds] == [Denomination.NOTE1000, None]


def test_masks() -> None:
    assert mask_of((0x61, 0x63)) == b"\x05\x00"
    assert disable_all_but((0x61, 0x69)) == b"\xfe\xfe", "bit 1 = disabled"
    assert codes_of(0x8001) == {0x61, 0x70}


def test_counts_boxes_and_words() -> None:
    assert parse_counts(bytes.fromhex("05 00 0A 01")) == {1: 5, 2: 266}
    assert parse_recycled(bytes.fromhex("02 00 08 00")) == {1: {0x62}, 2: {0x64}}
    assert parse_recycled(bytes.fromhex("02 00 01 08 00 02")) == {1: {0x62}, 2: {0x64}}
    assert parse_version(b" U(JPN)-16  ID003\x00\xff ") == "U(JPN)-16 ID003"
    assert [parse_destination(data) for data in (b"", b"\x00", b"\x02", b"\x09")] == [None, 0, 2, None]
    assert (refusal_word(b"\x72"), refusal_word(b"\x7a"), refusal_word(b"")) == (
        "magnetic",
        "reason-7a",
        "reason-unknown",
    )
    assert (fault_word(0x49, b"\xa2"), fault_word(0x43, b"")) == ("failure-stack-motor", "stacker-full")


@pytest.mark.parametrize("data", [b"", b"\x61\x6a\x01", b"\x00\x6a\x01\x03", bytes(5)])
def test_a_table_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        parse_currencies(data, None)


@given(st.binary(max_size=20))
def test_any_data_give_a_value_or_a_protocol_error(data: bytes) -> None:
    for parse in (parse_counts, parse_recycled, parse_version, parse_destination, refusal_word):
        try:
            parse(data)
        except PeerProtocolError:
            continue
    for frame in (Frame(Command.EXTENDED, data), Frame(Command.STATUS, data)):
        try:
            parse_extended(frame, Extended.GET_COUNT)
        except PeerProtocolError:
            continue
    try:
        parse_currencies(data, None)
    except PeerProtocolError:
        return
