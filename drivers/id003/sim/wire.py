"""The device at its line: frames in, frames out."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.id003.codec import NEED_DATA, Frame, FrameReader, encode
from drivers.id003.messages import Command, Status
from drivers.id003.sim.unit import SimUnit
from drivers.transport.sim.wire import Request
from kiosk.errors import PeerProtocolError

EXTENDED_BIT = 0x100


def number_of(frame: Frame) -> int:
    """A command's number; an extended one's own, with bit 8 set so that it is not taken for a status."""
    if frame.command == Command.EXTENDED and len(frame.data) > 1:
        return EXTENDED_BIT | frame.data[1]
    return frame.command


class NoteLine:
    """drivers/transport/sim/wire.py: Devices."""

    gap_s = 0.05

    def __init__(self, unit: SimUnit) -> None:
        self._unit = unit
        self._reader = FrameReader()

    def advance(self, now: float) -> None:
        self._unit.advance(now)

    def next_move(self) -> float | None:
        return self._unit.next_move()

    @property
    def has_bytes(self) -> bool:
        return self._reader.has_bytes

    def idle(self) -> None:
        self._reader.idle()

    def echo(self, data: bytes) -> bytes:
        del data
        return b""  # point to point, four wires

    def requests(self, data: bytes) -> Iterator[Request | bytes]:
        self._reader.feed(data)
        while True:
            try:
                frame = self._reader.next_frame()
            except PeerProtocolError:
                yield encode(Frame(Status.COMM_ERROR))
                continue
            if frame is NEED_DATA:
                return
            yield self._request(frame)

    def _request(self, frame: Frame) -> Request:
        def carry_out(now: float) -> bytes | None:
            answer = self._unit.handle(frame, now)
            return None if answer is None else encode(answer)

        return Request(number_of(frame), carry_out)

    def flipped(self, answer: bytes) -> bytes:
        return answer[:2] + bytes((answer[2] ^ 0x04,)) + answer[3:]
