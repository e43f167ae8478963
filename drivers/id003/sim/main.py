"""`kiosk-sim id003`: the note recycler as a process of its own, with a control socket for hands, jams and power
cuts."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drivers.id003.messages import Extended, Status
from drivers.id003.sim.unit import NOTES, RECYCLED, Mechanics, SimUnit
from drivers.id003.sim.wire import EXTENDED_BIT, NoteLine
from drivers.id003.sim.world import CASHBOX, EMPTIED, FILLED, RECYCLER, World
from drivers.transport.sim.process import line_of, parser_of, serve, whole
from drivers.transport.sim.wire import Wire

_LOOK_S, _LOOKS = 0.01, 900
_EXTENDED = frozenset(Extended)


class Bench:
    """The verbs of the control socket."""

    def __init__(self, world: World, unit: SimUnit, wire: Wire) -> None:
        self._world = world
        self._unit = unit
        self._wire = wire

    def verbs(self) -> dict[str, Any]:
        return {
            "insert-note": self.insert_note,
            "take-note": self.take_note,
            "wait-for": self.wait_for,
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
            return {"drawn_in": self._unit.insert(issue, self._wire.now()), "note": issue}

    def take_note(self) -> dict[str, Any]:
        with self._wire.lock:
            return {"note": self._unit.take(self._wire.now())}

    def wait_for(self, status: str) -> dict[str, Any]:
        """Answer when the device stands there (`stacking`, `pay_stay`), for a hand that acts in this very moment."""
        pause = threading.Event()
        for _ in range(_LOOKS):
            with self._wire.lock:
                self._unit.advance(self._wire.now())
                if self._unit.picture()["status"] == status:
                    return {"status": status}
            pause.wait(_LOOK_S)
        raise ValueError(f"it never came to {status}")

    def fill(self, count: str) -> dict[str, Any]:
        """Staff put notes into the recycler box and tell the device."""
        with self._wire.lock:
            self._world.remember(count=self._world.memory["count"] + whole(count))
            self._world.move(FILLED, RECYCLER, RECYCLED, whole(count))
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
            self._unit.clear(self._wire.now())

    def power_cycle(self) -> dict[str, Any]:
        with self._wire.lock:
            self._unit.power_up(self._wire.now())
            return dict(self._unit.picture())

    def miscount(self, count: str) -> None:
        """The device is wrong about its box."""
        with self._wire.lock:
            self._world.remember(count=whole(count))
            self._world.save()

    def fault(self, kind: str, count: str = "1", command: str = "00", milliseconds: str = "0") -> None:
        """Hurt the next exchanges (drivers/transport/sim/wire.py: FAULTS). `command` in hex; an extended one by its own
        number."""
        number = int(command, 16)
        number |= EXTENDED_BIT if number in _EXTENDED else 0
        self._wire.add_fault(kind, whole(count), number, whole(milliseconds) / 1000)

    def state(self) -> dict[str, Any]:
        with self._wire.lock:
            self._unit.advance(self._wire.now())
            return {
                **self._world.picture(),
                "units": {unit: self._world.by_face(unit) for unit in (RECYCLER, CASHBOX)},
                "unit": self._unit.picture(),
                "exchanges": {
                    f"{number & 0xFF:02X}": count for number, count in self._wire.exchanges.items()
                },
            }

    def _fail(self, status: int, data: bytes = b"") -> None:
        with self._wire.lock:
            self._unit.advance(self._wire.now())
            self._unit.fail(status, data)


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
    wire = Wire(line_of(args), NoteLine(unit))
    return serve(wire, args.control, Bench(world, unit, wire).verbs())


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("kiosk-sim id003", __doc__, "where the notes are")
    parser.add_argument("--notes", type=int, default=30, help="notes in the recycler box at first (30)")
    parser.add_argument("--move-ms", type=int, default=300, help="one movement of a note (300)")
    parser.add_argument(
        "--escrow-ms", type=int, default=10000, help="a note waits in escrow for so long (10000)"
    )
    parser.add_argument(
        "--bezel-ms", type=int, default=30000, help="a note waits in the bezel for so long (30000)"
    )
    parser.add_argument("--take-ms", type=int, help="a hand takes each paid note so late (else: take-note)")
    return parser
