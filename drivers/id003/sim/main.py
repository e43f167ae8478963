"""`kiosk-sim id003`: the note recycler as a process of its own, with a control socket for hands, jams and power
cuts."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.id003.codec import NEED_DATA, Frame, FrameReader, encode
from drivers.id003.messages import Command, Status
from drivers.id003.sim.unit import NOTES, RECYCLED, Mechanics, SimUnit
from drivers.id003.sim.world import CASHBOX, EMPTIED, FILLED, RECYCLER, World
from drivers.transport.control import ControlServer
from drivers.transport.pty import Line, open_line
from kiosk.clock import SystemClock
from kiosk.errors import PeerProtocolError

FAULTS = ("drop", "delay", "duplicate", "flip", "cut", "lose", "die")
"""drop: no reply. delay: late. duplicate: twice. flip: one bit. cut: half of it. lose: the device never heard. die: the
device did it, then the whole simulator is gone."""
_GAP_S = 0.05
_TICK_S = 0.05


@dataclass
class Fault:
    """`kind` befalls the next `count` exchanges (of `command` only, unless 0; an extended command by its own)."""

    kind: str
    count: int = 1
    command: int = 0
    delay_s: float = 0.0


@dataclass
class Wire:
    """The device on its line. `lock` guards it: the wire's thread and the control socket both move things."""

    line: Line
    unit: SimUnit
    lock: threading.RLock = field(default_factory=threading.RLock)
    faults: list[Fault] = field(default_factory=list)
    exchanges: dict[int, int] = field(default_factory=dict)
    """How often each command was carried out: a test counts payouts with it."""

    def __post_init__(self) -> None:
        self._clock = SystemClock()
        self._reader = FrameReader()
        self._leaving = threading.Event()

    def run(self) -> None:
        """Serve until `leave`."""
        while not self._leaving.is_set():
            data = self.line.read(_GAP_S if self._reader.has_bytes else _TICK_S)
            with self.lock:
                self.unit.advance(self.now())
                self._hear(data)

    def leave(self) -> None:
        self._leaving.set()

    def now(self) -> float:
        return self._clock.monotonic_s()

    def _hear(self, data: bytes) -> None:
        if not data:
            self._reader.idle()
            return
        self._reader.feed(data)
        while True:
            try:
                frame = self._reader.next_frame()
            except PeerProtocolError:
                self.line.write(encode(Frame(Status.COMM_ERROR)))
                continue
            if frame is NEED_DATA:
                return
            self._serve(frame)

    def _serve(self, frame: Frame) -> None:
        number = frame.data[1] if frame.command == Command.EXTENDED and len(frame.data) > 1 else frame.command
        fault = next((each for each in self.faults if each.command in (0, number)), None)
        if fault is not None:
            fault.count -= 1
            if fault.count <= 0:
                self.faults.remove(fault)
            if fault.kind == "lose":
                return
        self.exchanges[number] = self.exchanges.get(number, 0) + 1
        answer = self.unit.handle(frame, self.now())
        if fault is not None and fault.kind == "die":
            os._exit(0)  # as power goes: nothing is flushed, nobody is told
        if answer is not None:
            self._reply(encode(answer), fault)

    def _reply(self, raw: bytes, fault: Fault | None) -> None:
        kind = fault.kind if fault is not None else ""
        if fault is not None and kind == "delay":
            self._leaving.wait(fault.delay_s)
        if kind == "drop":
            return
        if kind == "flip":
            raw = raw[:2] + bytes((raw[2] ^ 0x04,)) + raw[3:]
        self.line.write(raw[: len(raw) // 2] if kind == "cut" else raw)
        if kind == "duplicate":
            self.line.write(raw)


class Bench:
    """The verbs of the control socket."""

    def __init__(self, world: World, wire: Wire) -> None:
        self._world = world
        self._wire = wire

    def verbs(self) -> dict[str, Any]:
        return {
            "insert-note": self.insert_note,
            "take-note": self.take_note,
            "fill": self.fill,
            "empty": self.empty,
            "jam": self.jam,
            "clear": self.clear,
            "stacker-full": lambda: self._fail(Status.STACKER_FULL),
            "stacker-out": lambda: self._fail(Status.STACKER_OPEN),
            "stacker-in": self.clear,
            "cheat": lambda: self._fail(Status.CHEATED),
            "fail": lambda code="A2": self._fail(Status.FAILURE, bytes.fromhex(code)),
            "power-cycle": self.power_cycle,
            "miscount": self.miscount,
            "fault": self.fault,
            "drop-replies": lambda count="1": self.fault("drop", count),
            "die-before-reply": lambda command="4A": self.fault("die", "1", command),
            "state": self.state,
        }

    def insert_note(self, face: str, series: str = "new") -> dict[str, Any]:
        """A hand puts a note in: `1000`, `note1000`, or `N1000E`; `old` is the series before 2024."""
        issue = note_of(face, series)
        with self._wire.lock:
            return {"drawn_in": self._wire.unit.insert(issue, self._wire.now()), "note": issue}

    def take_note(self) -> dict[str, Any]:
        with self._wire.lock:
            return {"note": self._wire.unit.take(self._wire.now())}

    def fill(self, count: str) -> dict[str, Any]:
        """Staff put notes into the recycler box and tell the device."""
        with self._wire.lock:
            self._world.remember(count=self._world.memory["count"] + _whole(count))
            self._world.move(FILLED, RECYCLER, RECYCLED, _whole(count))
            return {"notes": self._world.count(RECYCLER)}

    def empty(self, unit: str = CASHBOX) -> dict[str, Any]:
        """Staff take everything out of the cash box or the recycler box."""
        if unit not in (CASHBOX, RECYCLER):
            raise ValueError(f"units: {CASHBOX}, {RECYCLER}")
        with self._wire.lock:
            held = dict(self._world.places.get(unit, {}))
            if unit == RECYCLER:
                self._world.remember(count=0)
            for issue, notes in held.items():
                self._world.move(unit, EMPTIED, issue, notes)
            self._world.save()
            return {"emptied": held}

    def jam(self, where: str = "staff") -> None:
        """`user`: in the mouth. `staff`: in the stacker. `recycler`: behind it."""
        faults = {
            "user": Status.JAM_IN_ACCEPTOR,
            "staff": Status.JAM_IN_STACKER,
            "recycler": Status.RECYCLER_FAILURE,
        }
        if where not in faults:
            raise ValueError(f"jams: {', '.join(faults)}")
        self._fail(faults[where])

    def clear(self) -> None:
        with self._wire.lock:
            self._wire.unit.clear(self._wire.now())

    def power_cycle(self) -> dict[str, Any]:
        with self._wire.lock:
            self._wire.unit.power_up(self._wire.now())
            return dict(self._wire.unit.picture())

    def miscount(self, count: str) -> None:
        """The device is wrong about its box."""
        with self._wire.lock:
            self._world.remember(count=_whole(count))
            self._world.save()

    def fault(self, kind: str, count: str = "1", command: str = "00", milliseconds: str = "0") -> None:
        """Hurt the next exchanges: see FAULTS. `command` in hex."""
        if kind not in FAULTS:
            raise ValueError(f"faults: {', '.join(FAULTS)}")
        with self._wire.lock:
            self._wire.faults.append(
                Fault(kind, _whole(count), int(command, 16), _whole(milliseconds) / 1000)
            )

    def state(self) -> dict[str, Any]:
        with self._wire.lock:
            self._wire.unit.advance(self._wire.now())
            return {
                **self._world.picture(),
                "units": {unit: self._world.by_face(unit) for unit in (RECYCLER, CASHBOX)},
                "unit": self._wire.unit.picture(),
                "exchanges": {f"{command:02X}": count for command, count in self._wire.exchanges.items()},
            }

    def _fail(self, status: int, data: bytes = b"") -> None:
        with self._wire.lock:
            self._wire.unit.advance(self._wire.now())
            self._wire.unit.fail(status, data)


def note_of(face: str, series: str = "new") -> str:
    """The issue that a hand means."""
    if face in NOTES.values():
        return face
    plain = face.removeprefix("note")
    letter = {"new": "F", "old": "E"}.get(series, "")
    issue = f"N{plain}{'D' if plain == '2000' else letter}"
    if issue not in NOTES.values():
        raise ValueError("notes: 1000, 2000, 5000, 10000, old or new")
    return issue


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    world = World(Path(args.state), RECYCLED, args.notes)
    take_s = None if args.take_ms is None else args.take_ms / 1000
    unit = SimUnit(world, Mechanics(args.move_ms / 1000, args.escrow_ms / 1000, args.bezel_ms / 1000, take_s))
    wire = Wire(open_line(args.link, args.tcp, group=args.group, mode=int(args.mode, 8)), unit)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: wire.leave())
    control = ControlServer(args.control, Bench(world, wire).verbs()) if args.control else None
    if control:
        control.start()
    print("ready", flush=True)
    try:
        wire.run()
    finally:
        if control:
            control.close()
        wire.line.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-sim id003", description=__doc__)
    line = parser.add_mutually_exclusive_group(required=True)
    line.add_argument("--link", metavar="PATH", help="name of the pty that the host opens (without parity)")
    line.add_argument(
        "--tcp", metavar="PORT", type=int, help="port on 127.0.0.1 instead (socket://127.0.0.1:PORT)"
    )
    parser.add_argument("--state", metavar="DIR", required=True, help="where the notes are, across restarts")
    parser.add_argument("--control", metavar="SOCK", help="control socket")
    parser.add_argument("--notes", type=int, default=30, help="notes in the recycler box at first (30)")
    parser.add_argument("--move-ms", type=int, default=300, help="one movement of a note (300)")
    parser.add_argument(
        "--escrow-ms", type=int, default=10000, help="a note waits in escrow for so long (10000)"
    )
    parser.add_argument(
        "--bezel-ms", type=int, default=30000, help="a note waits in the bezel for so long (30000)"
    )
    parser.add_argument("--take-ms", type=int, help="a hand takes each paid note so late (else: take-note)")
    parser.add_argument("--group", default="", help="group of the pty")
    parser.add_argument("--mode", default="660", help="mode of the pty, octal (660)")
    return parser


def _whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError("a count is zero or more")
    return value
