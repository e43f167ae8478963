"""ccTalk frames and messages as bytes, in both directions. Pure: no port, no clock, no thread.

Rules
-----
- Everything that knows the layout of a ccTalk byte is in this file and in `messages.py`, and nothing else is.
- Wrong bytes raise PeerProtocolError and nothing else. Bytes that may still become right are NEED_DATA.
- A reply is believed only if our own request came back unchanged before it (one wire: we hear ourselves), its
  checksum is right, it is addressed to us and it comes from the device that was asked.

Theory (ccTalk Generic Specification 4.7 part 1)
------------------------------------------------
    sum-8:   [destination][n][source][header][data x n][checksum]       all bytes sum to 0 modulo 256
    CRC-16:  [destination][n][CRC low][header][data x n][CRC high]      CRC-16 0x1021, start 0, over the rest

The host is 1. A reply has header 0; with no data it is the ACK. NAK is header 5, BUSY header 6; n is at most
252.

ccTalk has no start byte: what separates frames is silence (a receiver starts anew after 50 ms without a
byte). So after a wrong byte there is no honest way to find the next frame in the stream: with an 8-bit sum
one guess in 256 would be believed, and here a guess is money. The reader therefore goes deaf until the
driver, which owns the clock, reports silence with `idle()`. A peer that never falls silent is cut off after
BABBLE_MAX bytes by another PeerProtocolError.

Warning
-------
A reply does not say which request it answers. What keeps them together is the order on the wire: `send()`
forgets all that came before it, and our own echo must be heard before the answer. On adapters without echo
(`echo=False`) only silence keeps them together: the driver waits for it after every reply that did not come.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kiosk.errors import ContractError, PeerProtocolError

HOST: Final = 1
BROADCAST: Final = 0
DATA_MAX: Final = 252
OVERHEAD: Final = 5
FRAME_MAX: Final = DATA_MAX + OVERHEAD
BABBLE_MAX: Final = 4 * FRAME_MAX

REPLY: Final = 0
NAK: Final = 5
BUSY: Final = 6


class NeedData(enum.Enum):
    """The answer of a codec that has no whole frame yet."""

    NEED_DATA = enum.auto()


NEED_DATA: Final = NeedData.NEED_DATA


class Checksum(enum.Enum):
    """How a device proves its frames; a setting of the device (a switch or a configuration)."""

    SUM8 = "sum8"
    CRC16 = "crc16"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `source` is 0 in CRC-16 frames: they do not carry it."""

    destination: int
    source: int
    header: int
    data: bytes = b""

    @property
    def is_ack(self) -> bool:
        return self.header == REPLY and not self.data


def sum8(data: bytes) -> int:
    """The byte that makes `data` and itself sum to 0 modulo 256."""
    return -sum(data) & 0xFF


def crc16(data: bytes) -> int:
    """CRC-16, polynomial 0x1021, start value 0, most significant bit first (`123456789` gives 0x31C3)."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc


def encode(frame: Frame, checksum: Checksum = Checksum.SUM8) -> bytes:
    """The frame as bytes. ContractError for a frame that cannot exist."""
    if len(frame.data) > DATA_MAX or not all(
        0 <= each <= 0xFF for each in (frame.destination, frame.source, frame.header)
    ):
        raise ContractError("not a ccTalk frame")
    if checksum is Checksum.SUM8:
        body = bytes((frame.destination, len(frame.data), frame.source, frame.header)) + frame.data
        return body + bytes((sum8(body),))
    crc = crc16(bytes((frame.destination, len(frame.data), frame.header)) + frame.data)
    head = bytes((frame.destination, len(frame.data), crc & 0xFF, frame.header))
    return head + frame.data + bytes((crc >> 8,))


def decode(raw: bytes, checksum: Checksum = Checksum.SUM8) -> Frame:
    """The frame of exactly these bytes; PeerProtocolError when they are not one."""
    if len(raw) < OVERHEAD or len(raw) != raw[1] + OVERHEAD or raw[1] > DATA_MAX:
        raise PeerProtocolError("cctalk: length")
    destination, _, third, header = raw[:4]
    data, last = bytes(raw[4:-1]), raw[-1]
    if checksum is Checksum.SUM8:
        if sum(raw) & 0xFF:
            raise PeerProtocolError("cctalk: checksum")
        return Frame(destination, third, header, data)
    if crc16(bytes((destination, raw[1], header)) + data) != third | last << 8:
        raise PeerProtocolError("cctalk: checksum")
    return Frame(destination, 0, header, data)


class FrameReader:
    """Cuts a stream into frames: the receiving half of either side. `checksum_of` tells by a frame's
    destination."""

    def __init__(self, checksum_of: Callable[[int], Checksum] = lambda _: Checksum.SUM8) -> None:
        self._checksum_of = checksum_of
        self._buffer = bytearray()
        self._deaf = False
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """More of the stream."""
        if self._deaf:
            self._dropped += len(data)
        else:
            self._buffer += data

    def next_frame(self) -> Frame | NeedData:
        """The next frame, or NEED_DATA. After PeerProtocolError only `idle()` makes the reader listen
        again."""
        if self._deaf and self._dropped > BABBLE_MAX:
            self._dropped = 0
            raise PeerProtocolError("cctalk: the line does not fall silent")
        if self._deaf or len(self._buffer) < 2:
            return NEED_DATA
        if self._buffer[1] > DATA_MAX:
            raise self.distrust("cctalk: length")
        size = self._buffer[1] + OVERHEAD
        if len(self._buffer) < size:
            return NEED_DATA
        raw = bytes(self._buffer[:size])
        try:
            frame = decode(raw, self._checksum_of(raw[0]))
        except PeerProtocolError as error:
            raise self.distrust(str(error)) from None
        del self._buffer[:size]
        return frame

    def idle(self) -> None:
        """The line has been silent for the receiver's time-out: what is half here is dropped, listening
        starts anew."""
        self._buffer.clear()
        self._deaf = False
        self._dropped = 0

    @property
    def has_bytes(self) -> bool:
        """Something has come since the last silence that is not a frame yet."""
        return self._deaf or bool(self._buffer)

    def take(self, count: int) -> bytes | None:
        """The next `count` raw bytes, once they are all here (for an echo, which is no frame to us)."""
        if self._deaf or len(self._buffer) < count:
            return None
        raw = bytes(self._buffer[:count])
        del self._buffer[:count]
        return raw

    def distrust(self, why: str) -> PeerProtocolError:
        """Believe nothing more until `idle()`; returns the error to raise."""
        self._buffer.clear()
        self._deaf = True
        self._dropped = 0
        return PeerProtocolError(why)


class HostCodec:
    """The host's end: one request, its echo, one reply."""

    def __init__(self, *, echo: bool = True) -> None:
        self._echo = echo
        self._checksum = Checksum.SUM8
        self._reader = FrameReader(lambda _: self._checksum)
        self._expected_echo = b""
        self._peer = BROADCAST

    def send(
        self, destination: int, header: int, data: bytes = b"", checksum: Checksum = Checksum.SUM8
    ) -> bytes:
        """The bytes of a request. All that came before is forgotten: it cannot be the answer to this."""
        raw = encode(Frame(destination, HOST, header, data), checksum)
        self._reader.idle()
        self._checksum = checksum
        self._expected_echo = raw if self._echo else b""
        self._peer = destination
        return raw

    def feed(self, data: bytes) -> None:
        """More bytes from the line, our own echo included."""
        self._reader.feed(data)

    def next_frame(self) -> Frame | NeedData:
        """The reply, or NEED_DATA. PeerProtocolError: the request went unheard or the reply cannot be
        believed."""
        if self._expected_echo:
            heard = self._reader.take(len(self._expected_echo))
            if heard is None:
                return NEED_DATA
            expected, self._expected_echo = self._expected_echo, b""
            if heard != expected:
                raise self._reader.distrust("cctalk: echo")
        frame = self._reader.next_frame()
        if isinstance(frame, NeedData):
            return NEED_DATA
        is_from_peer = self._checksum is Checksum.CRC16 or frame.source == self._peer
        if frame.destination != HOST or not is_from_peer:
            raise self._reader.distrust("cctalk: address")
        if frame.header not in (REPLY, NAK, BUSY):
            raise self._reader.distrust("cctalk: reply header")
        return frame

    def idle(self) -> None:
        """The line has been silent long enough to start anew."""
        self._reader.idle()
        self._expected_echo = b""
