"""ESC/POS as a printer reads it: bytes to commands. Pure. Enough of Epson's reference for strangers' clients.

Rules
  1. Whatever comes in by `feed` goes out by `next_frame` as commands, in order, or is NEED_DATA. A printer
     never complains: an unknown command is skipped as two bytes, as a real one prints or ignores what it does
     not know.
  2. Real-time commands are told by `real_time`, which looks at the bytes as they arrive, ahead of the buffer
     and inside of pictures too. In the stream they are nothing.

Theory
  A command is ESC, GS, FS or DLE with a letter; the letter says how many bytes follow, sometimes by a length
  in the first of them. Everything else from 0x20 is text, and LF, CR, FF, HT, CAN are themselves.
"""

from __future__ import annotations

import enum
import re

import msgspec

_LARGEST = 1_048_576
"""Bytes of one command; a longer one is nonsense and skipped as unknown."""


class NeedData(enum.Enum):
    """Nothing whole is in the buffer."""

    NEED_DATA = "need data"


NEED_DATA = NeedData.NEED_DATA


class Initialise(msgspec.Struct, frozen=True):
    """ESC @."""


class Text(msgspec.Struct, frozen=True):
    """Printable bytes in whatever code page; printed with the next LineFeed."""

    content: bytes


class LineFeed(msgspec.Struct, frozen=True):
    """LF."""


class Raster(msgspec.Struct, frozen=True):
    """GS v 0: lines of `width_bytes`, one bit a dot."""

    width_bytes: int
    height: int
    dots: bytes


class Feed(msgspec.Struct, frozen=True):
    """So many rows of white."""

    rows: int


class Cut(msgspec.Struct, frozen=True):
    rows_before: int


class AskSensor(msgspec.Struct, frozen=True):
    """GS r n."""

    number: int


class SetAutoStatus(msgspec.Struct, frozen=True):
    """GS a n."""

    bits: int


class AskIdentity(msgspec.Struct, frozen=True):
    """GS I n."""

    number: int


class Skipped(msgspec.Struct, frozen=True):
    """A command that changes nothing here."""

    content: bytes


Frame = (
    Initialise | Text | LineFeed | Raster | Feed | Cut | AskSensor | SetAutoStatus | AskIdentity | Skipped
)  # what a buffer holds

ESC, FS, GS, DLE, LF = 0x1B, 0x1C, 0x1D, 0x10, 0x0A
LINE_ROWS = 30
_TEXT_MAX = 4096

_FOLLOWING: dict[int, dict[str, int]] = {
    ESC: {
        **dict.fromkeys("@2im<LS\x0c", 0),
        **dict.fromkeys("!%-3=?EGJKMRTUVadert{ ", 1),
        **dict.fromkeys("$\\c", 2),
        "p": 3,
        "W": 8,
        "c": 2,
    },
    GS: {
        **dict.fromkeys(":", 0),
        **dict.fromkeys("!BEHIabfhrwT", 1),
        **dict.fromkeys("$LWP\\", 2),
        "^": 3,
        "/": 1,
    },
    FS: {**dict.fromkeys("&.", 0), **dict.fromkeys("!-CW", 1), "S": 2, "p": 2},
    DLE: {"\x04": 1, "\x05": 1},
}
"""Bytes after the letter, for commands of fixed length."""

_REAL_TIME = re.compile(rb"\x10\x04[\x01-\x08]|\x10\x05[\x00-\x02]|\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08")


class RealTimeKind(enum.Enum):
    QUERY = 0x04
    RECOVER = 0x05
    CLEAR = 0x14


class RealTimeReader:
    """Finds DLE EOT, DLE ENQ and the clearing DLE DC4 in the bytes as they arrive, across chunks."""

    def __init__(self) -> None:
        self._tail = b""

    def read(self, data: bytes) -> list[tuple[RealTimeKind, int, int]]:
        """(kind, n, where in `data` it ended)."""
        seen = len(self._tail)
        window = self._tail + data
        found = [
            (RealTimeKind(match[0][1]), match[0][2], match.end() - seen)
            for match in _REAL_TIME.finditer(window)
        ]
        after = len(window) if found and found[-1][2] == len(data) else max(0, len(window) - 9)
        self._tail = window[max(after, found[-1][2] + seen if found else 0) :]
        return found


class Stream:
    """The receive buffer."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def clear(self) -> None:
        self._buffer = b""

    def next_frame(self) -> Frame | NeedData:
        if not self._buffer:
            return NEED_DATA
        length = _length(self._buffer)
        if length is None:
            return NEED_DATA
        taken, self._buffer = self._buffer[:length], self._buffer[length:]
        return _frame(taken)


def _length(data: bytes) -> int | None:
    """How long the first command is; None: it is not whole yet."""
    first = data[0]
    if first not in _FOLLOWING:
        return _text_length(data)
    if len(data) == 1:
        return None
    letter = chr(data[1])
    length = _variable_length(data) if (first, letter) in _VARIABLE else _FOLLOWING[first].get(letter, 0) + 2
    if length is not None and length > _LARGEST:
        return 2
    return length if length is not None and len(data) >= length else None


def _text_length(data: bytes) -> int | None:
    """Up to what is no text; None: more of it may come."""
    if data[0] < 0x20:
        return 1
    end = next((at for at, byte in enumerate(data) if byte < 0x20), None)
    if end is None:
        return None if len(data) < _TEXT_MAX else len(data)
    return end


_VARIABLE = frozenset(
    {(GS, "v"), (GS, "V"), (GS, "("), (GS, "8"), (GS, "k"), (GS, "*"), (ESC, "*"), (ESC, "D"), (ESC, "&"),
     (FS, "("), (DLE, "\x14")}
)  # fmt: skip


def _variable_length(data: bytes) -> int | None:  # one line per command
    first, letter = data[0], chr(data[1])
    if len(data) < 3:
        return None
    third = data[2]
    match first, letter:
        case (0x1D, "V"):
            return 4 if third in (65, 66, 97, 98, 103, 104) else 3
        case (0x10, "\x14"):
            return {1: 5, 2: 5, 7: 4, 8: 10}.get(third, 3)
        case (0x1B, "D"):
            end = data.find(b"\0", 2)
            return end + 1 if end >= 0 else (None if len(data) < 34 else 2)
        case (0x1D, "k"):
            return _barcode_length(data)
        case (0x1D, "*"):
            return None if len(data) < 4 else 4 + data[2] * data[3] * 8
        case (0x1B, "*"):
            return None if len(data) < 5 else 5 + _two(data, 3) * (3 if third in (32, 33) else 1)
        case (0x1D, "v"):
            return None if len(data) < 8 else 8 + _two(data, 4) * _two(data, 6)
        case (0x1D, "8"):
            return None if len(data) < 7 else 7 + int.from_bytes(data[3:7], "little")
        case (_, "("):
            return None if len(data) < 5 else 5 + _two(data, 3)
        case _:
            return 2


def _barcode_length(data: bytes) -> int | None:
    if data[2] >= 65:
        return None if len(data) < 4 else 4 + data[3]
    end = data.find(b"\0", 3)
    return end + 1 if end >= 0 else (None if len(data) < 260 else 2)


def _two(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _frame(taken: bytes) -> Frame:
    first, letter = taken[0], taken[1:2]
    if first >= 0x20:
        return Text(taken)
    if first == LF:
        return LineFeed()
    match first, letter:
        case (0x1B, b"@"):
            return Initialise()
        case (0x1B, b"J"):
            return Feed(taken[2])
        case (0x1B, b"d"):
            return Feed(taken[2] * LINE_ROWS)
        case (0x1B, b"i" | b"m"):
            return Cut(0)
        case (0x1D, b"V"):
            return Cut(taken[3] * 4 if len(taken) == 4 else 0)
        case (0x1D, b"v"):
            return Raster(_two(taken, 4), _two(taken, 6), taken[8:]) if len(taken) >= 8 else Skipped(taken)
        case (0x1D, b"r"):
            return AskSensor(taken[2])
        case (0x1D, b"a"):
            return SetAutoStatus(taken[2])
        case (0x1D, b"I"):
            return AskIdentity(taken[2])
        case _:
            return Skipped(taken)
