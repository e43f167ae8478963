"""ID-003 frames as bytes, in both directions. Pure: no port, no clock, no thread.

Rules
-----
- Everything that knows the layout of an ID-003 byte is in this file and in `messages.py`, and nothing else is.
- Wrong bytes raise PeerProtocolError and nothing else. Bytes that may still become right are NEED_DATA.
- Nothing is kept beyond one frame's worth of bytes after what was fed has been read.

Theory (open drivers; vectors computed)
---------------------------------------
    [FC][length][command][data x n][CRC low][CRC high]        length = all bytes, FC and CRC included

CRC-16 CCITT reversed: polynomial 0x8408, start 0, over everything before it (the "Kermit" CRC). A frame of the
recycler extension is command F0 with data 20, its own command, and that one's data.

The start byte may also occur inside a frame. After a wrong frame the reader goes on at the next FC behind the
wrong one: with 16 bits of CRC one guess in 65,536 passes, and a frame that passes still has to be an answer to
what was asked. The host does not even take that chance: the driver waits for silence and calls `idle()`.

Warning
-------
A reply does not say which request it answers. What keeps them together is the order on the wire: one request, one
reply, and silence awaited after a reply that did not come. ACK (50) is the only request that has no reply.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from kiosk.errors import ContractError, PeerProtocolError

SYNC: Final = 0xFC
OVERHEAD: Final = 5
FRAME_MAX: Final = 255
DATA_MAX: Final = FRAME_MAX - OVERHEAD


class NeedData(enum.Enum):
    """The answer of a codec that has no whole frame yet."""

    NEED_DATA = enum.auto()


NEED_DATA: Final = NeedData.NEED_DATA


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: a request, a reply or a status."""

    command: int
    data: bytes = b""


def crc16(data: bytes) -> int:
    """CRC-16 CCITT, least significant bit first, start value 0 (`123456789` gives 0x2189)."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0x8408 if byte & 1 else byte >> 1
    return byte


_CRC = [_crc_of(byte) for byte in range(256)]


def encode(frame: Frame) -> bytes:
    """The frame as bytes. ContractError for a frame that cannot exist."""
    if len(frame.data) > DATA_MAX or not 0 <= frame.command <= 0xFF:
        raise ContractError("not an ID-003 frame")
    body = bytes((SYNC, len(frame.data) + OVERHEAD, frame.command)) + frame.data
    return body + crc16(body).to_bytes(2, "little")


def decode(raw: bytes) -> Frame:
    """The frame of exactly these bytes; PeerProtocolError when they are not one."""
    if len(raw) < OVERHEAD or raw[0] != SYNC or raw[1] != len(raw):
        raise PeerProtocolError("id003: length")
    if crc16(raw[:-2]) != int.from_bytes(raw[-2:], "little"):
        raise PeerProtocolError("id003: checksum")
    return Frame(raw[2], bytes(raw[3:-2]))


class FrameReader:
    """Cuts a stream into frames: the receiving half of either side."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """More of the stream."""
        self._buffer += data

    def next_frame(self) -> Frame | NeedData:
        """The next frame, or NEED_DATA. After PeerProtocolError it goes on at the next start byte."""
        if self._buffer and self._buffer[0] != SYNC:
            raise self._skip("id003: no start byte")
        if len(self._buffer) < 2:
            return NEED_DATA
        size = self._buffer[1]
        if size < OVERHEAD:
            raise self._skip("id003: length")
        if len(self._buffer) < size:
            return NEED_DATA
        try:
            frame = decode(bytes(self._buffer[:size]))
        except PeerProtocolError as error:
            raise self._skip(str(error)) from None
        del self._buffer[:size]
        return frame

    def idle(self) -> None:
        """The line has been silent for the receiver's time-out: what is half here is dropped."""
        self._buffer.clear()

    @property
    def has_bytes(self) -> bool:
        """Something has come since the last silence that is not a frame yet."""
        return bool(self._buffer)

    def _skip(self, why: str) -> PeerProtocolError:
        """Drop the byte that was taken for a start, and all up to the next that may be one."""
        at = self._buffer.find(SYNC, 1)
        del self._buffer[: at if at >= 0 else len(self._buffer)]
        return PeerProtocolError(why)
