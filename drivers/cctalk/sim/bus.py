"""The slaves of one wire: what the host writes is heard by all and comes back as echo; one device at most answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from drivers.cctalk.codec import BROADCAST, HOST, NEED_DATA, Checksum, Frame, FrameReader, encode
from drivers.cctalk.messages import Header
from drivers.cctalk.sim.slave import Answer, Slave
from drivers.transport.sim.wire import Request
from kiosk.errors import PeerProtocolError


class Bus:
    """drivers/transport/sim/wire.py: Devices. `on_dispense_death(slave, pieces)`: what a motor still does as the power
    goes."""

    gap_s = 0.05
    """X6 p.12."""

    def __init__(
        self,
        slaves: Sequence[Slave],
        checksum: Checksum = Checksum.SUM8,
        *,
        has_echo: bool = True,
        on_dispense_death: Callable[[Slave, int], None] = lambda _slave, _pieces: None,
    ) -> None:
        self.slaves = list(slaves)
        self._checksum = checksum
        self._has_echo = has_echo
        self._on_dispense_death = on_dispense_death
        self._reader = FrameReader(lambda _: checksum)

    def advance(self, now: float) -> None:
        for slave in self.slaves:
            slave.advance(now)

    def next_move(self) -> float | None:
        return min((move for slave in self.slaves if (move := slave.next_move()) is not None), default=None)

    @property
    def has_bytes(self) -> bool:
        return self._reader.has_bytes

    def idle(self) -> None:
        self._reader.idle()

    def echo(self, data: bytes) -> bytes:
        return data if self._has_echo else b""

    def requests(self, data: bytes) -> Iterator[Request | bytes]:
        self._reader.feed(data)
        while True:
            try:
                frame = self._reader.next_frame()
            except PeerProtocolError:
                return  # the sender hears nothing and asks again after a silence
            if frame is NEED_DATA:
                return
            yield from self._broadcast(frame) if frame.destination == BROADCAST else self._addressed(frame)

    def flipped(self, answer: bytes) -> bytes:
        return answer[:-2] + bytes((answer[-2] ^ 0x04,)) + answer[-1:]

    def _addressed(self, frame: Frame) -> Iterator[Request | bytes]:
        slave = next((each for each in self.slaves if each.address == frame.destination), None)
        if slave is None:
            return
        address, host = slave.address, frame.source or HOST

        def carry_out(now: float) -> bytes | None:
            return self._answer(slave.handle(frame.header, frame.data, now), host, address)

        yield Request(frame.header, carry_out, lambda pieces: self._on_dispense_death(slave, pieces))

    def _broadcast(self, frame: Frame) -> Iterator[Request | bytes]:
        """All hear it. Addresses come back one after the other; other answers would collide unless one is alone."""
        if frame.header == Header.ADDRESS_POLL:
            yield bytes(sorted(slave.address for slave in self.slaves))
            return
        host, slaves = frame.source or HOST, list(self.slaves)

        def carry_out(now: float) -> bytes | None:
            answers = [(slave.address, slave.handle(frame.header, frame.data, now)) for slave in slaves]
            return self._answer(answers[0][1], host, answers[0][0]) if len(answers) == 1 else None

        yield Request(frame.header, carry_out)

    def _answer(self, answer: Answer | None, host: int, address: int) -> bytes | None:
        if answer is None or answer.is_bare:
            return None if answer is None else answer.data
        return encode(Frame(host, address, answer.header, answer.data), self._checksum)
