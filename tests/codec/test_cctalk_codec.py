"""ccTalk frames: golden vectors, and any bytes whatever give frames or PeerProtocolError, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cctalk.codec import (
    BABBLE_MAX,
    BUSY,
    DATA_MAX,
    HOST,
    NAK,
    NEED_DATA,
    REPLY,
    Checksum,
    Frame,
    FrameReader,
    HostCodec,
    crc16,
    decode,
    encode,
    sum8,
)
from drivers.cctalk.messages import Header
from kiosk.errors import ContractError, PeerProtocolError

GOLDEN = [
    ("02 00 01 F5 08", Frame(2, 1, Header.REQUEST_EQUIPMENT_CATEGORY)),
    ("03 00 01 A3 59", Frame(3, 1, Header.TEST_HOPPER)),
    ("03 01 01 A4 A5 B2", Frame(3, 1, Header.ENABLE_HOPPER, b"\xa5")),
    ("03 04 01 A7 DF D7 0A 01 90", Frame(3, 1, Header.DISPENSE_HOPPER_COINS, bytes.fromhex("DFD70A01"))),
    (
        "03 09 01 A7 63 D9 2A 95 BA D4 35 82 03 09",
        Frame(3, 1, Header.DISPENSE_HOPPER_COINS, bytes.fromhex("63D92A95BAD4358203")),
    ),
    ("02 00 01 E5 18", Frame(2, 1, Header.READ_BUFFERED_CREDIT)),
    (
        "01 0B 02 00 06 06 04 00 14 00 17 06 04 0D 02 9E",
        Frame(1, 2, 0, bytes.fromhex("06060400140017 06040D02")),
    ),
    ("01 0B 02 00 01 04 01 00 00 00 00 00 00 00 00 EC", Frame(1, 2, 0, bytes.fromhex("010401") + bytes(8))),
    ("01 00 03 00 FC", Frame(1, 3, 0)),
    (
        "03 08 01 A1 5B DA AA 6F 9A 5D C5 06 43",
        Frame(3, 1, Header.PUMP_RNG, bytes.fromhex("5BDAAA6F9A5DC506")),
    ),
    ("01 01 03 00 80 7B", Frame(1, 3, 0, b"\x80")),
]
"""Manuals of SR5, X6 and Flow; each sums to 0 modulo 256."""

frames = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=DATA_MAX)
)
replies = st.builds(
    Frame, st.just(HOST), st.just(5), st.sampled_from([REPLY, NAK, BUSY]), st.binary(max_size=DATA_MAX)
)
checksums = st.sampled_from(list(Checksum))


def without_source(frame: Frame, checksum: Checksum) -> Frame:
    return frame if checksum is Checksum.SUM8 else Frame(frame.destination, 0, frame.header, frame.data)


def cut(data: st.DataObject, raw: bytes) -> list[bytes]:
    """The bytes in pieces of any size."""
    pieces = []
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        pieces.append(raw[:size])
        raw = raw[size:]
    return pieces


@pytest.mark.parametrize(("text", "frame"), GOLDEN, ids=[text for text, _ in GOLDEN])
def test_golden_vectors_both_ways(text: str, frame: Frame) -> None:
    raw = bytes.fromhex(text)
    assert encode(frame) == raw
    assert decode(raw) == frame


def test_checksums() -> None:
    assert crc16(b"123456789") == 0x31C3
    assert sum8(bytes.fromhex("020001F5")) == 0x08
    assert sum8(b"") == 0


def test_crc_frame_lays_the_two_halves_apart() -> None:
    crc = crc16(bytes((40, 0, 254)))
    assert encode(Frame(40, 1, 254), Checksum.CRC16) == bytes((40, 0, crc & 0xFF, 254, crc >> 8))


@given(frames, checksums)
def test_a_frame_comes_back(frame: Frame, checksum: Checksum) -> None:
    assert decode(encode(frame, checksum), checksum) == without_source(frame, checksum)


@given(st.data(), st.lists(frames, max_size=4), checksums)
def test_a_stream_cut_anywhere_gives_the_same_frames(
    data: st.DataObject, sent: list[Frame], checksum: Checksum
) -> None:
    reader = FrameReader(lambda _: checksum)
    got = []
    for piece in cut(data, b"".join(encode(frame, checksum) for frame in sent)):
        reader.feed(piece)
        while (frame := reader.next_frame()) is not NEED_DATA:
            got.append(frame)
    assert got == [without_source(frame, checksum) for frame in sent]


@given(st.lists(st.binary(max_size=40), max_size=20), checksums, st.booleans())
def test_any_bytes_give_frames_or_a_protocol_error(
    pieces: list[bytes], checksum: Checksum, falls_silent: bool
) -> None:
    codec = HostCodec(echo=False)
    codec.send(5, Header.SIMPLE_POLL, checksum=checksum)
    for piece in pieces:
        codec.feed(piece)
        try:
            while codec.next_frame() is not NEED_DATA:
                pass
        except PeerProtocolError:
            if falls_silent:
                codec.idle()


@given(st.data(), frames.filter(lambda frame: bool(frame.data)), checksums)
def test_one_flipped_bit_is_never_believed(data: st.DataObject, frame: Frame, checksum: Checksum) -> None:
    raw = bytearray(encode(frame, checksum))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PeerProtocolError):
        decode(bytes(raw), checksum)


@given(st.data(), replies, st.booleans(), checksums)
def test_a_reply_is_heard_behind_the_echo(
    data: st.DataObject, reply: Frame, echo: bool, checksum: Checksum
) -> None:
    codec = HostCodec(echo=echo)
    codec.feed(b"left over from before")
    request = codec.send(5, Header.TEST_HOPPER, checksum=checksum)
    heard = (request if echo else b"") + encode(reply, checksum)
    for piece in cut(data, heard)[:-1]:
        codec.feed(piece)
        assert codec.next_frame() is NEED_DATA
        heard = heard[len(piece) :]
    codec.feed(heard)
    assert codec.next_frame() == without_source(reply, checksum)


def test_an_echo_that_is_not_ours_is_refused() -> None:
    codec = HostCodec()
    request = codec.send(5, Header.TEST_HOPPER)
    codec.feed(bytes((request[0] ^ 1,)) + request[1:] + encode(Frame(1, 5, 0, b"\x00")))
    with pytest.raises(PeerProtocolError, match="echo"):
        codec.next_frame()
    assert codec.next_frame() is NEED_DATA


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Frame(1, 6, 0), "address"),
        (Frame(2, 5, 0), "address"),
        (Frame(1, 5, 254), "reply header"),
    ],
)
def test_a_stranger_s_reply_is_refused(reply: Frame, why: str) -> None:
    codec = HostCodec(echo=False)
    codec.send(5, Header.SIMPLE_POLL)
    codec.feed(encode(reply))
    with pytest.raises(PeerProtocolError, match=why):
        codec.next_frame()


def test_after_garbage_only_silence_opens_the_ears_again() -> None:
    """No guess where the next frame begins: with an 8-bit sum one guess in 256 would be taken for money."""
    reader = FrameReader()
    good = encode(Frame(1, 2, 0, b"\x01"))
    reader.feed(bytes((1, 0, 2, 0, 0)) + good)
    with pytest.raises(PeerProtocolError, match="checksum"):
        reader.next_frame()
    reader.feed(good)
    assert reader.next_frame() is NEED_DATA
    reader.idle()
    reader.feed(good)
    assert reader.next_frame() == Frame(1, 2, 0, b"\x01")


def test_a_peer_that_never_stops_is_reported_again() -> None:
    reader = FrameReader()
    reader.feed(b"\x01\xff")
    with pytest.raises(PeerProtocolError, match="length"):
        reader.next_frame()
    reader.feed(bytes(BABBLE_MAX + 1))
    with pytest.raises(PeerProtocolError, match="silent"):
        reader.next_frame()


@pytest.mark.parametrize("frame", [Frame(1, 2, 0, bytes(DATA_MAX + 1)), Frame(256, 1, 0), Frame(1, 1, -1)])
def test_a_frame_that_cannot_exist_is_our_own_mistake(frame: Frame) -> None:
    with pytest.raises(ContractError):
        encode(frame)


@pytest.mark.parametrize("raw", [b"", b"\x01", bytes(4), bytes(6), bytes((1, 253)) + bytes(256)])
def test_a_wrong_length_is_no_frame(raw: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        decode(raw)
