"""The wire of a simulated device: what the host writes is heard, carried out, answered, and one answer hurt on purpose.

Faults are put on exchanges one after the other, so that a test can say exactly which answer is hurt, and how.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from drivers.transport.pty import Line
from kiosk.clock import Clock, SystemClock

FAULTS = ("drop", "delay", "duplicate", "flip", "cut", "lose", "die", "echo")
"""drop: no reply. delay: late. duplicate: twice. flip: one bit. cut: half of it. lose: the device never heard. die: the
device did it, then the whole simulator is gone. echo: the host hears itself wrong (where the wire echoes)."""
_TICK_S = 0.1


@dataclass
class Fault:
    """`kind` befalls the next `count` exchanges (of `number` only, unless 0). `pieces`: paid before `die`."""

    kind: str
    count: int = 1
    number: int = 0
    delay_s: float = 0.0
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One whole question. `number` names it (a ccTalk header, an ID-003 command)."""

    number: int
    carry_out: Callable[[float], bytes | None]
    """Do it now; the bytes of the answer, or None for silence."""
    die: Callable[[int], None] = lambda _pieces: None
    """What still happens in the moment in which the power goes."""


class Devices(Protocol):
    """What a protocol's simulated devices are to their wire."""

    @property
    def gap_s(self) -> float:
        """A receiver starts anew after so long without a byte."""

    def advance(self, now: float) -> None:
        """Let the mechanics run."""

    def next_move(self) -> float | None:
        """When they do something by themselves."""

    @property
    def has_bytes(self) -> bool:
        """Half a question has come."""

    def idle(self) -> None:
        """The line has been silent."""

    def echo(self, data: bytes) -> bytes:
        """What of this the host hears at once."""

    def requests(self, data: bytes) -> Iterator[Request | bytes]:
        """Whole questions, as these bytes complete them; bare bytes are said as they are."""

    def flipped(self, answer: bytes) -> bytes:
        """The answer with one bit wrong."""


def flipped(raw: bytes, bit: int) -> bytes:
    """The same bytes with this one bit wrong; bits are counted from the first byte's highest."""
    at, place = divmod(bit, 8)
    return raw[:at] + bytes((raw[at] ^ 0x80 >> place,)) + raw[at + 1 :]


def gone() -> None:
    """As power goes: nothing is flushed, nobody is told."""
    os._exit(0)


@dataclass
class Wire:
    """Devices on a line. `lock` guards them: the wire's thread and the control socket both move things."""

    line: Line
    devices: Devices
    reply_s: float = 0.0
    clock: Clock = field(default_factory=SystemClock)
    pause: Callable[[float], object] | None = None
    """Waits; None: a wait that `leave` ends."""
    die: Callable[[], None] = gone
    lock: threading.RLock = field(default_factory=threading.RLock)
    faults: list[Fault] = field(default_factory=list)
    exchanges: dict[int, int] = field(default_factory=dict)
    """How often each question was carried out: a test counts payouts with it."""

    def __post_init__(self) -> None:
        self._leaving = threading.Event()

    def run(self) -> None:
        """Serve until `leave`."""
        while not self._leaving.is_set():
            self.hear(self.line.read(self._patience()))

    def leave(self) -> None:
        self._leaving.set()

    def close(self) -> None:
        self.line.close()

    def now(self) -> float:
        return self.clock.monotonic_s()

    def hear(self, data: bytes) -> None:
        """What came in one reading; nothing means silence."""
        with self.lock:
            self.devices.advance(self.now())
            if not data:
                self.devices.idle()
                return
            self._write_echo(self.devices.echo(data))
            for found in self.devices.requests(data):
                if isinstance(found, bytes):
                    self.line.write(found)
                else:
                    self._serve(found)

    def add_fault(self, kind: str, count: int, number: int, delay_s: float, pieces: int = 0) -> None:
        """Hurt the next exchanges: see FAULTS. ValueError for a kind that is none."""
        if kind not in FAULTS:
            raise ValueError(f"faults: {', '.join(FAULTS)}")
        with self.lock:
            self.faults.append(Fault(kind, count, number, delay_s, pieces))

    def _patience(self) -> float:
        if self.devices.has_bytes:
            return self.devices.gap_s
        with self.lock:
            move = self.devices.next_move()
        return _TICK_S if move is None else max(0.0, min(_TICK_S, move - self.now()))

    def _write_echo(self, echo: bytes) -> None:
        if not echo:
            return
        fault = next((each for each in self.faults if each.kind == "echo"), None)
        if fault is not None:
            self._use_up(fault)
            echo = bytes((echo[0] ^ 0x10,)) + echo[1:]
        self.line.write(echo)

    def _serve(self, request: Request) -> None:
        fault = next(
            (each for each in self.faults if each.number in (0, request.number) and each.kind != "echo"), None
        )
        if fault is not None:
            self._use_up(fault)
            if fault.kind == "lose":
                return
        self.exchanges[request.number] = self.exchanges.get(request.number, 0) + 1
        answer = request.carry_out(self.now())
        if fault is not None and fault.kind == "die":
            request.die(fault.pieces)
            self.die()
            return
        if answer is not None:
            self._reply(answer, fault)

    def _reply(self, raw: bytes, fault: Fault | None) -> None:
        kind = fault.kind if fault is not None else ""
        wait_s = self.reply_s + (fault.delay_s if fault is not None and kind == "delay" else 0.0)
        if wait_s:
            (self.pause or self._leaving.wait)(wait_s)
        if kind == "drop":
            return
        if kind == "flip":
            raw = self.devices.flipped(raw)
        self.line.write(raw[: len(raw) // 2] if kind == "cut" else raw)
        if kind == "duplicate":
            self.line.write(raw)

    def _use_up(self, fault: Fault) -> None:
        fault.count -= 1
        if fault.count <= 0:
            self.faults.remove(fault)
