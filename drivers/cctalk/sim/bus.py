"""The wire: what the host writes is heard by all and comes back as echo; one device at most answers.

Faults are put on replies one after the other, so that a test can say exactly which answer is hurt, and how.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.cctalk.codec import BROADCAST, HOST, NEED_DATA, Checksum, Frame, FrameReader, encode
from drivers.cctalk.messages import Header
from drivers.cctalk.sim.slave import Answer, Slave
from drivers.transport.pty import Line
from kiosk.clock import SystemClock
from kiosk.errors import PeerProtocolError

GAP_S = 0.05
"""A receiver starts anew after 50 ms without a byte (X6 p.12)."""
_TICK_S = 0.1

FAULTS = ("drop", "delay", "duplicate", "flip", "cut", "lose", "die", "echo")
"""drop: no reply. delay: late. duplicate: twice. flip: one bit. cut: half of it. lose: the device never
heard. die: the device did it, then the whole simulator is gone. echo: the host hears itself wrong."""


@dataclass
class Fault:
    """`kind` befalls the next `count` exchanges (of `header` only, unless 0). `after`: pieces paid before
    `die`."""

    kind: str
    count: int = 1
    header: int = 0
    delay_s: float = 0.0
    pieces: int = 0


@dataclass
class Bus:
    """Slaves on a line. `lock` guards them: the wire's thread and the control socket both move things."""

    line: Line
    slaves: list[Slave]
    checksum: Checksum = Checksum.SUM8
    has_echo: bool = True
    reply_s: float = 0.0
    on_dispense_death: Callable[[Slave, int], None] = lambda _slave, _pieces: None
    lock: threading.RLock = field(default_factory=threading.RLock)
    faults: list[Fault] = field(default_factory=list)
    exchanges: dict[int, int] = field(default_factory=dict)
    """How often each header was carried out: a test counts dispenses with it."""

    def __post_init__(self) -> None:
        self._clock = SystemClock()
        self._reader = FrameReader(lambda _: self.checksum)
        self._leaving = threading.Event()

    def run(self) -> None:
        """Serve until `leave`."""
        while not self._leaving.is_set():
            data = self.line.read(self._patience())
            now = self._clock.monotonic_s()
            with self.lock:
                for slave in self.slaves:
                    slave.advance(now)
                self._hear(data)

    def leave(self) -> None:
        self._leaving.set()

    def now(self) -> float:
        return self._clock.monotonic_s()

    def _patience(self) -> float:
        if self._reader.has_bytes:
            return GAP_S
        with self.lock:
            moves = [move for slave in self.slaves if (move := slave.next_move()) is not None]
        return max(0.0, min([_TICK_S, *(move - self.now() for move in moves)]))

    def _hear(self, data: bytes) -> None:
        if not data:
            self._reader.idle()
            return
        if self.has_echo:
            self._write_echo(data)
        self._reader.feed(data)
        while True:
            try:
                frame = self._reader.next_frame()
            except PeerProtocolError:
                return  # the sender hears nothing and asks again after a silence
            if frame is NEED_DATA:
                return
            self._serve(frame)

    def _write_echo(self, data: bytes) -> None:
        fault = next((each for each in self.faults if each.kind == "echo"), None)
        if fault is not None:
            self._use_up(fault)
            data = bytes((data[0] ^ 0x10,)) + data[1:]
        self.line.write(data)

    def _serve(self, frame: Frame) -> None:
        if frame.destination == BROADCAST:
            self._broadcast(frame)
            return
        slave = next((each for each in self.slaves if each.address == frame.destination), None)
        if slave is None:
            return
        fault = next(
            (each for each in self.faults if each.header in (0, frame.header) and each.kind != "echo"), None
        )
        if fault is not None:
            self._use_up(fault)
            if fault.kind == "lose":
                return
        self.exchanges[frame.header] = self.exchanges.get(frame.header, 0) + 1
        address = slave.address
        answer = slave.handle(frame.header, frame.data, self.now())
        if fault is not None and fault.kind == "die":
            self.on_dispense_death(slave, fault.pieces)
            os._exit(0)  # as power goes: nothing is flushed, nobody is told
        if answer is not None:
            self._reply(answer, frame.source or HOST, address, fault)

    def _broadcast(self, frame: Frame) -> None:
        """All hear it. Addresses come back one after the other; other answers would collide unless one is
        alone."""
        if frame.header == Header.ADDRESS_POLL:
            self.line.write(bytes(sorted(slave.address for slave in self.slaves)))
            return
        answers = [(slave, slave.handle(frame.header, frame.data, self.now())) for slave in self.slaves]
        if len(answers) == 1 and answers[0][1] is not None:
            self._reply(answers[0][1], frame.source or HOST, answers[0][0].address, None)

    def _reply(self, answer: Answer, host: int, address: int, fault: Fault | None) -> None:
        if answer.is_bare:
            raw = answer.data
        else:
            raw = encode(Frame(host, address, answer.header, answer.data), self.checksum)
        kind = fault.kind if fault is not None else ""
        wait_s = self.reply_s + (fault.delay_s if fault is not None and kind == "delay" else 0.0)
        if wait_s:
            self._leaving.wait(wait_s)
        if kind == "drop":
            return
        if kind == "flip":
            raw = raw[:-2] + bytes((raw[-2] ^ 0x04,)) + raw[-1:]
        self.line.write(raw[: len(raw) // 2] if kind == "cut" else raw)
        if kind == "duplicate":
            self.line.write(raw)

    def _use_up(self, fault: Fault) -> None:
        fault.count -= 1
        if fault.count <= 0:
            self.faults.remove(fault)
