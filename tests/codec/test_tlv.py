"""BER-TLV: every length form, split, cut and corrupted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.jpki import tlv
from drivers.jpki.tlv import Tlv
from kiosk.errors import PeerProtocolError


@pytest.mark.parametrize(
    ("data", "tag", "size"),
    [
        ("0400", 0x04, 0),
        ("04 7F" + "AA" * 0x7F, 0x04, 0x7F),
        ("04 8180" + "AA" * 0x80, 0x04, 0x80),
        ("04 81FF" + "AA" * 0xFF, 0x04, 0xFF),
        ("04 820100" + "AA" * 0x100, 0x04, 0x100),
        ("FF20 03 010203", 0xFF20, 3),
        ("FF20 820003 010203", 0xFF20, 3),
        ("FF20 8400000003 010203", 0xFF20, 3),
        ("DF21 8103 010203", 0xDF21, 3),
        ("5F4E 01 00", 0x5F4E, 1),
        ("7F8121 01 00", 0x7F8121, 1),
    ],
)
def test_every_length_form_is_read(data: str, tag: int, size: int) -> None:
    raw = bytes.fromhex(data)
    found, end = tlv.read(raw + b"\xff\xff")
    assert (found.tag, len(found.value), end) == (tag, size, len(raw))


@pytest.mark.parametrize(
    "data",
    [
        "",
        "04",
        "0480",
        "0480 0400 0000",
        "0485 0000000001 00",
        "04FF",
        "1F",
        "1F8181",
        "1F81818101 00",
        "0402 00",
    ],
)
def test_what_cards_do_not_have_is_refused(data: str) -> None:
    with pytest.raises(PeerProtocolError):
        tlv.read(bytes.fromhex(data))


@given(st.binary(max_size=400), st.integers(0, 4), st.sampled_from([0x04, 0x30, 0x5F37, 0xDF27, 0xFF20]))
def test_what_is_written_is_read(value: bytes, form: int, tag: int) -> None:
    if form == 1 and len(value) > 0xFF:
        form = 2
    raw = tlv.write(tag, value, form)
    assert tlv.read(raw) == (Tlv(tag, value), len(raw))
    assert tlv.read_all(raw + raw) == [Tlv(tag, value)] * 2
    for cut in (1, len(raw) // 2, len(raw) - 1):
        with pytest.raises(PeerProtocolError):
            tlv.read(raw[:cut])


@given(st.binary(max_size=64))
def test_garbage_is_a_value_or_a_protocol_error(data: bytes) -> None:
    for reader in (tlv.read, tlv.read_all, tlv.read_header):
        try:
            reader(data)
        except PeerProtocolError:
            continue


def test_a_value_does_not_show() -> None:
    assert "12345" not in repr(Tlv(0xDF22, b"12345")) + str(Tlv(0xDF22, b"12345"))
