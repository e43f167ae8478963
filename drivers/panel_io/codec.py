"""PNS, the socket protocol of PATLITE's network signal towers (LR5-LAN, LA6-POE in signal-light mode). PURE.

A request is `product(2) command(1) 00 length(2, big-endian) data`. `S` sets five lights (red, amber, green, blue,
white) and the buzzer, one byte each; `G` asks for the same six; `C` puts all out. The tower answers `S` and `C` by ACK
(06) or NAK (15), and `G` by the six bytes, or NAK. Nothing tells where an answer ends but its length, so one
connection carries one question.

Source: the maker's published sample programs (PATLITE-Corporation/LR5-LAN_windows_python_example, src/main.py).
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from kiosk.errors import PeerProtocolError

PORT: Final = 10000
ACK: Final = 0x06
NAK: Final = 0x15
SET: Final = b"S"
CLEAR: Final = b"C"
READ: Final = b"G"
LIGHTS: Final = ("red", "amber", "green", "blue", "white")
OUT: Final = 0
ON: Final = 1
BLINKING: Final = 3
"""Medium. Fast blinking is left for danger (and is none of ours)."""
AS_IT_IS: Final = 9
SILENT: Final = 0
RINGING: Final = 1
_HEADER: Final = struct.Struct(">2ssxH")
_STATE: Final = len(LIGHTS) + 1


class Tower(msgspec.Struct, frozen=True):
    """Five lights and a buzzer, as they are or as they are to be (AS_IT_IS: whatever it was)."""

    lights: tuple[int, ...] = (AS_IT_IS,) * len(LIGHTS)
    buzzer: int = AS_IT_IS


def with_light(light: str, pattern: int, buzzer: int) -> Tower:
    """One light and the buzzer; the others belong to somebody else."""
    return Tower(tuple(pattern if each == light else AS_IT_IS for each in LIGHTS), buzzer)


def request(product: bytes, command: bytes, data: bytes = b"") -> bytes:
    return _HEADER.pack(product, command, len(data)) + data


def set_request(product: bytes, tower: Tower) -> bytes:
    return request(product, SET, bytes((*tower.lights, tower.buzzer)))


def is_taken(answer: bytes) -> bool:
    """Of `S` or `C`. PeerProtocolError: neither ACK nor NAK."""
    if answer not in (bytes([ACK]), bytes([NAK])):
        raise PeerProtocolError("pns: not an answer")
    return answer[0] == ACK


def read_state(answer: bytes) -> Tower:
    """Of `G`. PeerProtocolError: refused, or not six bytes."""
    if len(answer) != _STATE:
        raise PeerProtocolError("pns: not a state")
    return Tower(tuple(answer[: len(LIGHTS)]), answer[-1])


def read_request(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """(product, command, data) of a whole request; None: more is to come. For the simulator."""
    if len(data) < _HEADER.size:
        return None
    product, command, length = _HEADER.unpack_from(data)
    rest = data[_HEADER.size :]
    return (product, command, rest[:length]) if len(rest) >= length else None
