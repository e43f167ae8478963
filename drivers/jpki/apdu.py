"""Command and response APDUs of ISO/IEC 7816-4:2005 §5.1, and what status words mean.

Rules. A command's data may be a secret: it is held in a `bytearray` that its owner wipes, an encoded
command is a `bytearray` too, and no repr, message or log of this module shows data, only lengths. `Ne` is
the number of bytes expected at most: 0 none, 256 the short maximum, 65536 the extended one.

The seven ways to write a command (§5.1, Table 1; `Ext` = one zero byte and then two-byte lengths):

    case 1    CLA INS P1 P2
    case 2S   … Le            2E   … 00 LeLe
    case 3S   … Lc data       3E   … 00 LcLc data
    case 4S   … Lc data Le    4E   … 00 LcLc data LeLe
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, Protocol

from kiosk.errors import PeerProtocolError

NE_SHORT: Final = 256
NE_EXTENDED: Final = 65536
_HEADER: Final = 4
_LC_SHORT: Final = 255
_LC_EXTENDED: Final = 65535


class Ins(enum.IntEnum):
    """Instructions that these cards know (facts/card.md §1.6)."""

    VERIFY = 0x20
    CHANGE_REFERENCE_DATA = 0x24
    PERFORM_SECURITY_OPERATION = 0x2A
    GET_CHALLENGE = 0x84
    INTERNAL_AUTHENTICATE = 0x88
    SELECT = 0xA4
    READ_BINARY = 0xB0
    READ_RECORD = 0xB2
    GET_RESPONSE = 0xC0
    GET_DATA = 0xCA


class Sw(enum.IntEnum):
    """Status words (ISO/IEC 7816-4 §5.1.3) that we act on or that a faithful card answers."""

    OK = 0x9000
    UNCHANGED_UNLIMITED = 0x6300
    WRONG_LENGTH = 0x6700
    CHANNEL = 0x6881
    SECURE_MESSAGING = 0x6882
    WRONG_STRUCTURE = 0x6981
    NOT_VERIFIED = 0x6982
    AUTHENTICATION_BLOCKED = 0x6983
    REFERENCE_BLOCKED = 0x6984
    CONDITIONS = 0x6985
    NO_CURRENT_EF = 0x6986
    WRONG_DATA = 0x6A80
    NOT_SUPPORTED = 0x6A81
    NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    WRONG_P1P2 = 0x6A86
    REFERENCE_NOT_FOUND = 0x6A88
    WRONG_OFFSET = 0x6B00
    WRONG_INS = 0x6D00
    WRONG_CLA = 0x6E00


def tries_left(sw: int) -> int | None:
    """What `63Cx` or "blocked" says of a reference's tries; None for any other status word."""
    if sw & 0xFFF0 == 0x63C0:
        return sw & 0x0F
    if sw in (Sw.AUTHENTICATION_BLOCKED, Sw.REFERENCE_BLOCKED):
        return 0
    return None


@dataclass(frozen=True, slots=True, repr=False)
class Command:
    """One command APDU. Whoever made `data` wipes it."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes | bytearray = b""
    ne: int = 0

    def __repr__(self) -> str:
        head = f"{self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X}"
        return f"Command({head}, {len(self.data)} bytes, Ne {self.ne})"

    @property
    def is_short(self) -> bool:
        """Whether the short form can say it."""
        return len(self.data) <= _LC_SHORT and self.ne <= NE_SHORT

    def encode(self) -> bytearray:
        """The bytes, in the short form where it can say it. ValueError for lengths no APDU has."""
        if len(self.data) > _LC_EXTENDED or not 0 <= self.ne <= NE_EXTENDED:
            raise ValueError("no APDU has such a length")
        size, is_short = len(self.data), self.is_short
        out = bytearray((self.cla, self.ins, self.p1, self.p2))
        if not is_short:
            out.append(0)
        if size:
            out += size.to_bytes(1 if is_short else 2, "big")
            out += self.data
        if self.ne:
            out += (self.ne % (NE_SHORT if is_short else NE_EXTENDED)).to_bytes(1 if is_short else 2, "big")
        return out


_SECRET_INS: Final = frozenset({Ins.VERIFY, Ins.CHANGE_REFERENCE_DATA, 0x32, Ins.PERFORM_SECURITY_OPERATION})


def described(command: Command) -> str:
    """For a trace: the header, then what follows it; where that may be a secret, or is signed, its length only."""
    head = f"{command.cla:02X}{command.ins:02X}{command.p1:02X}{command.p2:02X}"
    if command.data and command.ins not in _SECRET_INS:
        return f"{head} {bytes(command.data[:16]).hex().upper()} Ne {command.ne}"
    return f"{head} [{len(command.data)}] Ne {command.ne}"


def decode_command(raw: bytes) -> Command:
    """A command from its bytes: a card's side of the line. PeerProtocolError when it is none of the seven."""
    if len(raw) < _HEADER:
        raise PeerProtocolError("APDU: shorter than a header")
    head, body = raw[:_HEADER], raw[_HEADER:]
    data, ne = _decode_extended(body) if len(body) > 1 and body[0] == 0 else _decode_short(body)
    return Command(head[0], head[1], head[2], head[3], data, ne)


def _decode_short(body: bytes) -> tuple[bytes, int]:
    if not body:
        return b"", 0
    if len(body) == 1:
        return b"", body[0] or NE_SHORT
    end = 1 + body[0]
    if len(body) == end:
        return body[1:], 0
    if len(body) == end + 1:
        return body[1:end], body[end] or NE_SHORT
    raise PeerProtocolError("APDU: Lc and the data disagree")


def _decode_extended(body: bytes) -> tuple[bytes, int]:
    if len(body) == 3:
        return b"", int.from_bytes(body[1:], "big") or NE_EXTENDED
    size = int.from_bytes(body[1:3], "big")
    end = 3 + size
    if size and len(body) == end:
        return body[3:], 0
    if size and len(body) == end + 2:
        return body[3:end], int.from_bytes(body[end:], "big") or NE_EXTENDED
    raise PeerProtocolError("APDU: extended Lc and the data disagree")


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One response APDU: data and status word."""

    data: bytes
    sw: int

    def __repr__(self) -> str:
        return f"Response({len(self.data)} bytes, {self.sw:04X})"

    def encode(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")


def decode_response(raw: bytes) -> Response:
    """A response from its bytes. PeerProtocolError when there is no status word."""
    if len(raw) < 2 or len(raw) > NE_EXTENDED + 2:
        raise PeerProtocolError("APDU: not a response")
    return Response(bytes(raw[:-2]), int.from_bytes(raw[-2:], "big"))


class Connection(Protocol):
    """A card that lies on a reader, ours alone, from insertion to removal."""

    def transmit(self, command: bytearray) -> bytes:
        """Send one command, return the response. The command is wiped before this returns or raises.

        DeviceUnavailable: the card is gone, was reset, or the reader is gone: never use this connection
        again. DeviceTimeout: no answer; whether the card is still there is not known.
        """
