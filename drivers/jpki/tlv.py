"""BER-TLV, as ISO/IEC 7816-4 §5.2.2 (2005) and X.690 §8.1 write it: one reader for every length form.

Rules. A tag is the number its bytes spell (`0xDF21`, `0x30`). Lengths may be short, or long with 1..4
bytes, and need not be minimal: cards differ (facts/card.md §2.2, `FF20 65` and `FF20 82 00 65` are the same
object). The indefinite form (0x80) is not allowed on cards and is refused. Bytes after an object (filler of
a file) are the caller's business: `read` says where the object ended. Anything else that is wrong is a
PeerProtocolError, never another exception.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.errors import PeerProtocolError

_TAG_BYTES_MAX = 3
_LENGTH_BYTES_MAX = 4


@dataclass(frozen=True, slots=True, repr=False)
class Tlv:
    """One object. The value never shows in a repr: it may be a person's."""

    tag: int
    value: bytes

    def __repr__(self) -> str:
        return f"Tlv({self.tag:X}, {len(self.value)} bytes)"


def read_header(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """(tag, length of the value, offset of the value) of the object that begins at `at`."""
    tag, at = _read_tag(data, at)
    length, at = _read_length(data, at)
    return tag, length, at


def read(data: bytes, at: int = 0) -> tuple[Tlv, int]:
    """The object that begins at `at`, and the offset after it."""
    tag, length, begin = read_header(data, at)
    if begin + length > len(data):
        raise PeerProtocolError("TLV: the value is cut short")
    return Tlv(tag, bytes(data[begin : begin + length])), begin + length


def read_all(data: bytes) -> list[Tlv]:
    """Objects up to the end of `data`, which must hold nothing else."""
    found, at = [], 0
    while at < len(data):
        each, at = read(data, at)
        found.append(each)
    return found


def read_tagged(data: bytes, tag: int) -> Tlv:
    """The first object of `data`, which must have this tag; what follows is ignored."""
    found, _ = read(data)
    if found.tag != tag:
        raise PeerProtocolError("TLV: another tag was expected")
    return found


def write(tag: int, value: bytes, length_bytes: int = 0) -> bytes:
    """The object in the shortest length form, or in the long form with `length_bytes` bytes."""
    head = tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big")
    size = len(value)
    if length_bytes == 0:
        if size < 0x80:
            return head + bytes([size]) + value
        length_bytes = (size.bit_length() + 7) // 8
    return head + bytes([0x80 | length_bytes]) + size.to_bytes(length_bytes, "big") + value


def _read_tag(data: bytes, at: int) -> tuple[int, int]:
    begin = at
    if at >= len(data):
        raise PeerProtocolError("TLV: no tag")
    is_long = data[at] & 0x1F == 0x1F
    at += 1
    while is_long:
        if at >= len(data) or at - begin >= _TAG_BYTES_MAX:
            raise PeerProtocolError("TLV: the tag does not end")
        is_long = bool(data[at] & 0x80)
        at += 1
    return int.from_bytes(data[begin:at], "big"), at


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise PeerProtocolError("TLV: no length")
    first = data[at]
    at += 1
    if first < 0x80:
        return first, at
    count = first & 0x7F
    if not 1 <= count <= _LENGTH_BYTES_MAX or at + count > len(data):
        raise PeerProtocolError("TLV: a length that cards do not have")
    return int.from_bytes(data[at : at + count], "big"), at + count
