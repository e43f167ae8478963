"""`kiosk-sim terminal`: a payment terminal as a process of its own, with a control socket for hands and accidents."""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.cashless.codec import NEED_DATA, Message, MessageReader, encode
from drivers.cashless.sim.terminal import MODES, Pace, SimTerminal
from drivers.cashless.sim.world import BRANDS, World
from drivers.transport.pty import SocketLine
from drivers.transport.sim.process import SOCKET, listener_of, parser_of, serve, whole
from drivers.transport.sim.wire import flipped
from kiosk.clock import SystemClock
from kiosk.errors import PeerProtocolError

FAULTS = ("drop", "delay", "duplicate", "flip", "cut", "lose", "garble", "reset", "die")
"""drop: no answer. delay: late. duplicate: twice. flip: one bit in the middle of it. cut: half of it, then hung up.
lose: the terminal never heard. garble: bytes of no protocol instead. reset: done, then its power blinks: the connection
is reset, the display forgotten. die: done, then the whole simulator is gone."""
_TICK_S = 0.02


@dataclass
class Fault:
    """`kind` befalls the next `count` messages (of `category` only, unless empty)."""

    kind: str
    count: int = 1
    category: str = ""
    delay_s: float = 0.0


@dataclass
class Wire:
    """The terminal on its line. `lock` guards it: the wire's thread and the control socket both move things."""

    line: SocketLine
    terminal: SimTerminal
    lock: threading.RLock = field(default_factory=threading.RLock)
    faults: list[Fault] = field(default_factory=list)
    heard: dict[str, int] = field(default_factory=dict)
    """How often each category was heard: a test counts payments with it."""

    def __post_init__(self) -> None:
        self._clock = SystemClock()
        self._reader = MessageReader()
        self._client: object = None
        self._late: list[tuple[float, bytes]] = []
        self._leaving = threading.Event()

    def run(self) -> None:
        """Serve until `leave`."""
        while not self._leaving.is_set():
            data = self.line.read(_TICK_S)
            with self.lock:
                self._notice_client()
                self._hear(data)
                self.say(self.terminal.advance(self.now()))
                self._say_late()

    def leave(self) -> None:
        self._leaving.set()

    def now(self) -> float:
        return self._clock.monotonic_s()

    def say(self, messages: list[Message]) -> None:
        for message in messages:
            self._say(message)

    def hang_up(self, *, is_rude: bool = False) -> None:
        self.line.hang_up(is_rude=is_rude)
        self._reader = MessageReader()

    def power_cycle(self) -> None:
        """What was on the display is forgotten, what was carried out is not."""
        old = self.terminal
        self.terminal = SimTerminal(old.world, old.poi, old.pace, old.serial)
        self.hang_up(is_rude=True)

    def close(self) -> None:
        self.line.close()

    def _notice_client(self) -> None:
        """Another client: another stream, and it has to log in."""
        if self.line.client is not self._client:
            self._client = self.line.client
            self._reader = MessageReader()
            self.terminal.is_logged_in = False

    def _hear(self, data: bytes) -> None:
        self._reader.feed(data)
        while True:
            try:
                message = self._reader.next_message()
            except PeerProtocolError:
                self.hang_up()
                return
            if message is NEED_DATA:
                return
            if self._fault(message.category, "lose") is None:
                self.heard[message.category] = self.heard.get(message.category, 0) + 1
                self.say(self.terminal.handle(message, self.now()))

    def _say(self, message: Message) -> None:
        fault = self._fault(message.category)
        kind = fault.kind if fault is not None else ""
        raw = encode(message)
        if kind == "die":
            os._exit(0)  # as power goes: nothing is flushed, nobody is told
        if kind == "reset":
            self.power_cycle()
        if kind in ("drop", "reset"):
            return
        if fault is not None and kind == "delay":
            self._late.append((self.now() + fault.delay_s, raw))
            return
        if kind == "garble":
            raw = b"\xff" * 16
        if kind == "flip":
            raw = flipped(raw, len(raw) * 4)
        self.line.write(raw[: len(raw) // 2] if kind == "cut" else raw)
        if kind == "cut":
            self.hang_up()
        if kind == "duplicate":
            self.line.write(raw)

    def _say_late(self) -> None:
        for due_s, raw in [each for each in self._late if each[0] <= self.now()]:
            self._late.remove((due_s, raw))
            self.line.write(raw)

    def _fault(self, category: str, only: str = "") -> Fault | None:
        """The fault that befalls this message, used up."""
        for fault in self.faults:
            if fault.category in ("", category) and (fault.kind == "lose") == (only == "lose"):
                fault.count -= 1
                if fault.count <= 0:
                    self.faults.remove(fault)
                return fault
        return None


class Bench:
    """The verbs of the control socket."""

    def __init__(self, world: World, wire: Wire) -> None:
        self._world = world
        self._wire = wire

    def verbs(self) -> dict[str, Any]:
        return {
            "touch-card": self.touch,
            "cancel": self.cancel,
            "decline": self.decline,
            "mode": self.mode,
            "settle": self.settle,
            "set-balance": self.set_balance,
            "power-cycle": self.power_cycle,
            "hang-up": self.hang_up,
            "fault": self.fault,
            "state": self.state,
        }

    def touch(self, brand: str, how: str = "", truth: str = "charged") -> dict[str, Any]:
        """A hand lays a card on. `early charged|not`: pulled away too early, and whether it was written."""
        if how not in ("", "early") or truth not in ("charged", "not"):
            raise ValueError("touch-card BRAND [early [charged|not]]")
        with self._wire.lock:
            seen, messages = self._wire.terminal.touch(
                brand, f"early-{truth}" if how else "", self._wire.now()
            )
            self._wire.say(messages)
            return {"seen": seen}

    def cancel(self) -> None:
        """The red key."""
        with self._wire.lock:
            self._wire.say(self._wire.terminal.cancel())

    def decline(self, count: str = "1") -> None:
        """The next cards are refused."""
        with self._wire.lock:
            self._wire.terminal.declines = whole(count)

    def mode(self, name: str) -> None:
        if name not in MODES:
            raise ValueError(f"modes: {', '.join(MODES)}")
        with self._wire.lock:
            self._wire.terminal.mode = name

    def settle(self, truth: str = "") -> dict[str, Any]:
        """The acquirer has looked: `charged`, `not`, or as it truly was."""
        with self._wire.lock:
            word = None if not truth else truth == "charged"
            return {"settled": self._wire.terminal.settle_all(word)}

    def set_balance(self, brand: str, yen: str) -> None:
        if brand not in BRANDS:
            raise ValueError(f"brands: {', '.join(BRANDS)}")
        with self._wire.lock:
            self._world.cards[brand] = whole(yen)
            self._world.save()

    def power_cycle(self) -> None:
        with self._wire.lock:
            self._wire.power_cycle()

    def hang_up(self) -> None:
        with self._wire.lock:
            self._wire.hang_up()

    def fault(self, kind: str, count: str = "1", category: str = "", milliseconds: str = "0") -> None:
        """Hurt the next messages: see FAULTS."""
        if kind not in FAULTS:
            raise ValueError(f"faults: {', '.join(FAULTS)}")
        with self._wire.lock:
            self._wire.faults.append(Fault(kind, whole(count), category, whole(milliseconds) / 1000))

    def state(self) -> dict[str, Any]:
        with self._wire.lock:
            terminal = self._wire.terminal
            return {
                "cards": self._world.cards,
                "taken": self._world.taken,
                "transactions": [
                    {name: each[name] for name in each if name != "response"}
                    for each in self._world.transactions
                ],
                "display": terminal.display,
                "mode": terminal.mode,
                "executed": terminal.executed,
                "heard": self._wire.heard,
            }


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    world = World(Path(args.state))
    pace = Pace(args.read_ms / 1000, args.wait_ms / 1000, args.again_ms / 1000)
    wire = Wire(SocketLine(listener_of(args)), SimTerminal(world, args.poi, pace))
    return serve(wire, args.control, Bench(world, wire).verbs(), wire.line.port)


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("kiosk-sim terminal", __doc__, "cards and transactions", SOCKET)
    parser.add_argument("--poi", default="POI-0001", help="POIID (POI-0001)")
    parser.add_argument("--read-ms", type=int, default=300, help="to read and write a card (300)")
    parser.add_argument("--wait-ms", type=int, default=60000, help="a touch is waited for so long (60000)")
    parser.add_argument("--again-ms", type=int, default=15000, help="the same card again: so long (15000)")
    return parser
