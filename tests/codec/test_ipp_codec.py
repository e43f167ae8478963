"""IPP messages: ours read back, a real printer's read, and whatever else comes refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.ipp.codec import (
    NEED_DATA,
    Attribute,
    Group,
    GroupTag,
    Message,
    Parser,
    Value,
    ValueTag,
    encode,
)
from kiosk.errors import PeerProtocolError

names = st.text(st.characters(min_codepoint=0x61, max_codepoint=0x7A), min_size=1, max_size=12)
strings = st.sampled_from(
    [ValueTag.TEXT, ValueTag.NAME, ValueTag.KEYWORD, ValueTag.URI, ValueTag.CHARSET, ValueTag.MIME_MEDIA_TYPE]
)
values = st.one_of(
    st.builds(Value, st.just(ValueTag.INTEGER), st.integers(-(2**31), 2**31 - 1)),
    st.builds(Value, st.just(ValueTag.ENUM), st.integers(0, 100)),
    st.builds(Value, st.just(ValueTag.BOOLEAN), st.booleans()),
    st.builds(Value, strings, st.text(max_size=30)),
    st.builds(Value, st.just(ValueTag.NO_VALUE), st.none()),
    st.builds(Value, st.sampled_from([0x30, 0x31, 0x33, 0x34, 0x37]), st.binary(max_size=12)),
)
attributes = st.builds(Attribute, names, st.lists(values, min_size=1, max_size=4).map(tuple))
groups = st.builds(Group, st.sampled_from([1, 2, 4, 5]), st.lists(attributes, max_size=4).map(tuple))
messages = st.builds(
    Message,
    code=st.integers(0, 0xFFFF),
    request_id=st.integers(1, 2**31 - 1),
    groups=st.lists(groups, max_size=3).map(tuple),
    version=st.sampled_from([(1, 1), (2, 0)]),
)


def read(data: bytes) -> Message:
    parser = Parser()
    parser.feed(data)
    message = parser.next_frame()
    assert isinstance(message, Message)
    return message


def read_or_refused(data: bytes) -> None:
    """Any other exception fails the test."""
    parser = Parser()
    parser.feed(data)
    try:
        frame = parser.next_frame()
    except PeerProtocolError as refusal:
        assert str(refusal).startswith("ipp: ")
        return
    assert frame is NEED_DATA or isinstance(frame, Message)


@given(messages, st.binary(max_size=20))
def test_what_we_write_is_read_back_and_the_document_is_left(message: Message, document: bytes) -> None:
    parser = Parser()
    parser.feed(encode(message) + document)
    assert parser.next_frame() == message
    assert parser.rest == document


@given(messages)
def test_byte_by_byte_is_the_same_as_whole(message: Message) -> None:
    parser = Parser()
    data = encode(message)
    for byte in data[:-1]:
        parser.feed(bytes([byte]))
        assert parser.next_frame() is NEED_DATA
    parser.feed(data[-1:])
    assert parser.next_frame() == message


@given(messages, st.data())
def test_a_corrupted_message_is_a_message_or_refused(message: Message, data: st.DataObject) -> None:
    wire = bytearray(encode(message))
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] ^= data.draw(st.integers(1, 255))
    read_or_refused(bytes(wire))


@given(st.binary(max_size=200))
def test_garbage_is_never_another_exception(garbage: bytes) -> None:
    read_or_refused(garbage)


def test_the_bytes_of_rfc_8010_appendix_a() -> None:
    """A.2, Print-Job response (successful), as the RFC prints it."""
    wire = bytes.fromhex(
        "0101 0000 00000001 01"
        "47 0012 617474726962757465732d63686172736574 0005 7574662d38"
        "48 001b 617474726962757465732d6e61747572616c2d6c616e6775616765 0005 656e2d7573"
        "41 000e 7374617475732d6d657373616765 000d 7375636365737366756c2d6f6b"
        "02 21 0006 6a6f622d6964 0004 00000093"
        "45 0007 6a6f622d757269 0019 6970703a2f2f7072696e7465722e6578616d706c652f313233"
        "23 0009 6a6f622d7374617465 0004 00000003"
        "03".replace(" ", "")
    )
    message = read(wire)
    assert (message.code, message.request_id, message.version) == (0, 1, (1, 1))
    job = message.first(GroupTag.JOB)
    assert job.integer("job-id") == 147
    assert job.integer("job-state") == 3
    assert job.strings("job-uri") == ("ipp://printer.example/123",)
    assert encode(message) == wire


def test_a_text_with_language_is_its_text() -> None:
    content = b"\x00\x02ja\x00\x06" + "印刷".encode()
    wire = (
        b"\x02\x00\x00\x00\x00\x00\x00\x01\x04\x35\x00\x01n"
        + len(content).to_bytes(2, "big")
        + content
        + b"\x03"
    )
    assert read(wire).first(GroupTag.PRINTER).strings("n") == ("印刷",)


@pytest.mark.parametrize(
    "wire",
    [
        b"\x09\x00\x00\x00\x00\x00\x00\x01\x03",  # version 9
        b"\x02\x00\x00\x00\x00\x00\x00\x01\x21\x00\x01n\x00\x04\x00\x00\x00\x00\x03",  # no group
        b"\x02\x00\x00\x00\x00\x00\x00\x01\x01\x21\x00\x01n\x00\x03\x00\x00\x00\x03",  # integer of 3 bytes
        b"\x02\x00\x00\x00\x00\x00\x00\x01\x01\x21\x00\x00\x00\x04\x00\x00\x00\x00\x03",  # no first value
    ],
)
def test_what_can_never_become_a_message_is_refused(wire: bytes) -> None:
    parser = Parser()
    parser.feed(wire)
    with pytest.raises(PeerProtocolError):
        parser.next_frame()


def test_a_message_without_end_is_refused_when_it_is_too_long() -> None:
    parser = Parser()
    parser.feed(b"\x02\x00\x00\x00\x00\x00\x00\x01\x01" + b"\x44\x00\x01n\x7f\xff" + b"k" * 0x7FFF)
    assert parser.next_frame() is NEED_DATA
    parser.feed((b"\x44\x00\x00\x7f\xff" + b"k" * 0x7FFF) * 8)
    with pytest.raises(PeerProtocolError):
        parser.next_frame()
