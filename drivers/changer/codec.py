"""Questions and answers of the example change machine: one JSON object a line. Pure.

The protocol is invented, because no maker's is public: it says what such machines are known to say (results in words,
counts by face, a payout named by who asked for it) and stands where a vendor's SDK will stand. A vendor's driver brings
a codec of its own, or calls its SDK; the rest of this room shows what the core needs of it.

Rules: a line is at most LINE_MAX bytes; an answer carries the `seq` of its question; anything else is a
PeerProtocolError, and nothing but that is ever raised for bytes from outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kiosk.errors import PeerProtocolError
from kiosk.money import Cash, Denomination

LINE_MAX = 4096
PIECES_MAX = 100_000
"""Of one face. No machine holds more: such a count is no count."""

Message = Mapping[str, Any]


def encode(message: Message) -> bytes:
    return msgspec.json.encode(message) + b"\n"


def decode(line: bytes) -> Message:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError:
        raise PeerProtocolError("changer: not JSON") from None
    if not isinstance(found, dict):
        raise PeerProtocolError("changer: not an object")
    return found


class LineReader:
    """Cuts a stream into messages: the receiving half of either side."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next_message(self) -> Message | None:
        """The next message; None: not all of it is here."""
        line, found, rest = self._buffer.partition(b"\n")
        if not found:
            if len(self._buffer) > LINE_MAX:
                self._buffer.clear()
                raise PeerProtocolError("changer: a line without an end")
            return None
        self._buffer = rest
        return decode(bytes(line))

    def idle(self) -> None:
        """What is half here is dropped."""
        self._buffer.clear()

    @property
    def has_bytes(self) -> bool:
        return bool(self._buffer)


def cash_of(value: object) -> Cash:
    """`{"coin100": 3}` as pieces; PeerProtocolError when it is none."""
    if not isinstance(value, dict):
        raise PeerProtocolError("changer: no counts")
    try:
        pieces = {Denomination(face): count for face, count in value.items()}
        if not all(type(count) is int and 0 <= count <= PIECES_MAX for count in pieces.values()):
            raise ValueError
        return Cash(pieces)
    except (ValueError, TypeError):
        raise PeerProtocolError("changer: no counts") from None


def counts_of(cash: Cash) -> dict[str, int]:
    return {face.value: count for face, count in cash.items()}


def text_of(message: Message, name: str) -> str:
    found = message.get(name, "")
    if not isinstance(found, str):
        raise PeerProtocolError("changer: no word")
    return found
