"""Views to the screens, intents from them: one JSON object a line, at most LINE_MAX bytes. Sans-IO.

    server -> client   {"type":"ViewPublished","view":{…}}
                       {"type":"IntentRefused","step":7,"reason":"stale"}
    client -> server   {"type":"Next","step":7}              (any of kiosk.intents)

A peer that breaks these rules is not understood again: the connection is closed, a screen connects anew and
gets the whole view. No message has room for a secret.
"""

from __future__ import annotations

import enum
from typing import Final, Generic, Literal, TypeVar

import msgspec

from kiosk.errors import ContractError, PeerProtocolError
from kiosk.intents import AnyIntent
from kiosk.plain import Codec, encode
from kiosk.view import SessionView

LINE_MAX = 64 * 1024
"""Bytes of one line, its newline included, both ways."""


class ServerMessage(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """From the core to a screen."""


class ViewPublished(ServerMessage, frozen=True):
    """The whole view of this client's role. A newer one replaces it; none is a delta."""

    view: SessionView


class IntentRefused(ServerMessage, frozen=True):
    """The intent made on `step` was not taken: `stale` (the screen has changed) or `not-possible`."""

    step: int
    reason: str


AnyServerMessage = ViewPublished | IntentRefused


class NeedData(enum.Enum):
    """The type of NEED_DATA."""

    NEED_DATA = "need-data"


NEED_DATA: Final = NeedData.NEED_DATA
"""What was fed holds no whole line yet."""

_FROM_SERVER: Codec[AnyServerMessage] = Codec(AnyServerMessage)
_FROM_CLIENT: Codec[AnyIntent] = Codec(AnyIntent)

T = TypeVar("T")


def line(message: AnyServerMessage | AnyIntent) -> bytes:
    """The message as one line. ContractError when it is too long: what we send is ours to bound."""
    data = encode(message) + b"\n"
    if len(data) > LINE_MAX:
        raise ContractError("a message does not fit into a line")
    return data


class LineDecoder(Generic[T]):
    """Bytes in, messages out. After a PeerProtocolError it stays broken: close the connection."""

    def __init__(self, codec: Codec[T]) -> None:
        self._codec = codec
        self._buffer = bytearray()
        self._searched = 0
        self._is_broken = False

    def feed(self, data: bytes) -> None:
        """Take bytes, split anywhere."""
        self._buffer += data

    def next_message(self) -> T | Literal[NeedData.NEED_DATA]:
        """The next message, or NEED_DATA; PeerProtocolError for anything else."""
        if self._is_broken:
            raise PeerProtocolError("this peer is not understood any more")
        end = self._buffer.find(b"\n", self._searched, LINE_MAX)
        if end < 0:
            self._searched = len(self._buffer)
            if len(self._buffer) < LINE_MAX:
                return NEED_DATA
            self._break()
            raise PeerProtocolError("a line is too long")
        data = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        try:
            return self._codec.decode(data)
        except PeerProtocolError:
            self._break()
            raise

    def _break(self) -> None:
        self._is_broken = True
        self._buffer.clear()


def server_side() -> LineDecoder[AnyIntent]:
    """Reads what a screen sends."""
    return LineDecoder(_FROM_CLIENT)


def client_side() -> LineDecoder[AnyServerMessage]:
    """Reads what the core sends."""
    return LineDecoder(_FROM_SERVER)
