"""ESC/POS as the host speaks it: commands out, status bytes in. Pure. Names and bits: Epson's reference.

Rules
  1. What a printer sends comes in by `feed` and goes out by `next_frame` as a frame, NEED_DATA or
  PeerProtocolError.
  2. A frame says what kind of answer it is, never what it means: that is device.py.
  3. No dots that we send may hold a real-time command (`defuse`).

Theory
  A printer answers without saying to which question. The fixed bits tell the kinds apart:

      DLE EOT n   0xx1xx10   real-time status, answered at once, ahead of everything in the buffer
      GS r 1      0xx0xxxx   paper sensor status, answered in turn: all that was sent before has been carried
      out GS a        0xx1xx00   first of four bytes that come unasked (automatic status back) XON, XOFF
      0x11, 0x13 flow control

  So DLE EOT asked after the cut proves nothing of the cut, however fine the answer, while GS r behind the cut
  does.

Warning
  A printer looks for DLE EOT, DLE ENQ and DLE DC4 in *all* bytes, dots of a picture too: a picture that holds
  10 14 01 would open a cash drawer, one that holds 10 04 01 would answer a question nobody asked.
"""

from __future__ import annotations

import enum

import msgspec

from kiosk.errors import PeerProtocolError

INITIALISE = b"\x1b@"
"""ESC @: modes as after power-on; the print buffer is emptied, the receive buffer is not."""

NO_AUTO_STATUS = b"\x1da\x00"
"""GS a 0."""

ASK_SENSOR = b"\x1dr\x01"
"""GS r 1: answered when everything before it is done."""

CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 fn=8: forget what is in both buffers, so that a broken-off slip never goes on for the next
resident."""

RECOVER = b"\x10\x05\x02"
"""DLE ENQ 2: leave a recoverable error, the buffers emptied."""

_DOTS_PER_FEED = 4


def query(number: int) -> bytes:
    """DLE EOT n: 1 printer, 2 offline cause, 3 error cause, 4 paper sensor."""
    return bytes([0x10, 0x04, number])


QUERIES = (1, 2, 3, 4)


def cut(feed_dots: int = 0) -> bytes:
    """GS V 66: feed to the cutter and `feed_dots` further, then cut, one point left."""
    return bytes([0x1D, 0x56, 66, min(255, feed_dots // _DOTS_PER_FEED)])


def raster(width_bytes: int, height: int, dots: bytes) -> bytes:
    """GS v 0: one picture, one bit a dot, lines of `width_bytes`."""
    if len(dots) != width_bytes * height:
        raise ValueError("dots do not fill the picture")
    size = width_bytes.to_bytes(2, "little") + height.to_bytes(2, "little")
    return b"\x1dv0\x00" + size + defuse(dots)


def defuse(dots: bytes) -> bytes:
    """One dot more wherever dots spell the beginning of a real-time command. Nobody sees it."""
    for second in (b"\x04", b"\x05", b"\x14"):
        dots = dots.replace(b"\x10" + second, b"\x18" + second)
    return dots


# --- reading ------------------------------------------------------------------------------------------------


class NeedData(enum.Enum):
    """Nothing whole has come."""

    NEED_DATA = "need data"


NEED_DATA = NeedData.NEED_DATA


class RealTimeStatus(msgspec.Struct, frozen=True):
    """Answer to DLE EOT n; which n, only the asker knows."""

    bits: int


class SensorStatus(msgspec.Struct, frozen=True):
    """Answer to GS r 1."""

    bits: int


class AutoStatus(msgspec.Struct, frozen=True):
    """Four bytes unasked (GS a)."""

    bits: bytes


class FlowControl(msgspec.Struct, frozen=True):
    """XON or XOFF."""

    may_send: bool


class Block(msgspec.Struct, frozen=True):
    """A longer answer, header and NUL left out. Its bytes look like sensor answers, so it must be seen as a
    whole."""

    content: bytes


Frame = RealTimeStatus | SensorStatus | AutoStatus | FlowControl | Block

_XON, _XOFF = 0x11, 0x13
_AUTO_LENGTH = 4
_BLOCK, _BLOCK_MAX = 0x37, 128


class Parser:
    """Answers of one printer."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next_frame(self) -> Frame | NeedData:
        """PeerProtocolError for a byte that no answer can have; that byte is dropped, so one may go on."""
        if not self._buffer:
            return NEED_DATA
        first = self._buffer[0]
        if first & 0x93 == 0x10:
            return self._auto_status()
        if first == _BLOCK:
            return self._block()
        self._buffer = self._buffer[1:]
        if first in (_XON, _XOFF):
            return FlowControl(may_send=first == _XON)
        if first & 0x93 == 0x12:
            return RealTimeStatus(first)
        if first & 0x90 == 0x00:
            return SensorStatus(first)
        raise PeerProtocolError("escpos: not a byte of an answer")

    def _auto_status(self) -> Frame | NeedData:
        following = self._buffer[1:_AUTO_LENGTH]
        if any(each & 0x90 for each in following):
            self._buffer = self._buffer[1:]
            raise PeerProtocolError("escpos: a broken automatic status")
        if len(self._buffer) < _AUTO_LENGTH:
            return NEED_DATA
        bits, self._buffer = self._buffer[:_AUTO_LENGTH], self._buffer[_AUTO_LENGTH:]
        return AutoStatus(bits)

    def _block(self) -> Frame | NeedData:
        content, nul, rest = self._buffer[1:].partition(b"\0")
        if len(content) > _BLOCK_MAX:
            self._buffer = self._buffer[1:]
            raise PeerProtocolError("escpos: a block without end")
        if not nul:
            return NEED_DATA
        self._buffer = rest
        return Block(content)
