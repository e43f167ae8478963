"""Between a connection and an application: each quirk of a reader or card is one small object.

    Plain               encodes, sends, decodes
    GetResponse(next)   follows 61xx and 6Cxx, as readers that speak T=0 answer
    ShortOnly(next)     readers and cards that refuse extended length: learns it once, then asks in pieces

An application talks to the outermost one. A read that comes back shorter than asked is no fault here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from drivers.jpki.apdu import NE_SHORT, Command, Connection, Ins, Response, Sw, decode_response
from kiosk.errors import DeviceTimeout, PeerProtocolError

_ROUNDS_MAX = 300  # 64 KiB in 256-byte pieces; a card that never ends is not followed


class Processor(Protocol):
    def send(self, command: Command) -> Response:
        """The card's answer. Raises what Connection.transmit raises, or PeerProtocolError."""


class Plain:
    """The innermost: one command is one exchange. Counts them, for the benchmark."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.sent = 0

    def send(self, command: Command) -> Response:
        self.sent += 1
        return decode_response(self._connection.transmit(command.encode()))


class GetResponse:
    """ISO/IEC 7816-4 §5.1.3: `61xx` = more waits, `6Cxx` = ask again with that Le. T=1 and Type B never
    need it.
    """

    def __init__(self, inner: Processor) -> None:
        self._inner = inner

    def send(self, command: Command) -> Response:
        answer = self._inner.send(command)
        if answer.sw >> 8 == 0x6C and command.ne and not command.data:
            answer = self._inner.send(replace(command, ne=answer.sw & 0xFF or NE_SHORT))
        data, rounds = answer.data, 0
        while answer.sw >> 8 == 0x61:
            rounds += 1
            if rounds > _ROUNDS_MAX:
                raise PeerProtocolError("card: its answer does not end")
            ne = answer.sw & 0xFF or NE_SHORT
            answer = self._inner.send(Command(command.cla & 0xF0, Ins.GET_RESPONSE, 0, 0, ne=ne))
            data += answer.data
        return Response(data, answer.sw)


class ShortOnly:
    """Extended Le first; after one refusal (6700, or the reader itself will not carry it) short Le for good.

    Only reads are asked again: nothing else this house sends is long, and nothing else is safe to send twice.
    """

    def __init__(self, inner: Processor, is_short: bool = False) -> None:
        self._inner = inner
        self._is_short = is_short

    def send(self, command: Command) -> Response:
        if command.is_short or command.ins != Ins.READ_BINARY:
            return self._inner.send(command)
        if not self._is_short:
            try:
                answer = self._inner.send(command)
            except DeviceTimeout:
                pass  # a reader of "short APDU level" loses it; a card that is gone fails once more, below
            else:
                if answer.sw not in (Sw.WRONG_LENGTH, Sw.WRONG_INS, Sw.WRONG_CLA):
                    return answer
            self._is_short = True
        return self._inner.send(replace(command, ne=NE_SHORT))
