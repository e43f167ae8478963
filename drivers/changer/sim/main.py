"""`kiosk-sim changer`: the change machine as a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drivers.changer.sim.machine import FACES, NUMBERS, STOCK, Machine, World
from drivers.transport.sim.process import line_of, parser_of, serve, whole
from drivers.transport.sim.wire import Wire


class Bench:
    """The verbs of the control socket."""

    def __init__(self, world: World, machine: Machine, wire: Wire) -> None:
        self._world = world
        self._machine = machine
        self._wire = wire

    def verbs(self) -> dict[str, Any]:
        return {
            "insert": self.insert,
            "insert-coin": lambda face, count="1": self.insert_all(f"coin{face.removeprefix('coin')}", count),
            "insert-note": lambda face: self.insert_all(f"note{face.removeprefix('note')}", "1"),
            "take": lambda: {"taken": self._locked(self._machine.take)},
            "take-coins": lambda: {"taken": self._locked(self._machine.take_all)},
            "empty": self.empty,
            "jam": lambda: self._locked(lambda: setattr(self._machine, "is_jammed", True)),
            "clear": lambda: self._locked(lambda: setattr(self._machine, "is_jammed", False)),
            "miscount": lambda: self._locked(lambda: self._world.memory.update(discrepancy=1)),
            "power-cycle": lambda: self._locked(self._machine.power_up),
            "fault": self.fault,
            "state": self.state,
        }

    def _locked(self, act: Any) -> Any:
        with self._wire.lock:
            return act()

    def insert(self, face: str) -> dict[str, Any]:
        """A piece by its face: `coin100`, `note1000`."""
        if face not in {each.value for each in FACES}:
            raise ValueError(f"faces: {', '.join(each.value for each in FACES)}")
        return {"accepted": self._locked(lambda: self._machine.insert(face))}

    def insert_all(self, face: str, count: str) -> dict[str, Any]:
        """The same, several of one face, in the words of the hands at coin and note units."""
        fell = [self.insert(face)["accepted"] for _ in range(whole(count))]
        return {"accepted": sum(fell), "returned": len(fell) - sum(fell)}

    def empty(self, face: str) -> None:
        """A stack runs dry, and the machine does not know."""
        with self._wire.lock:
            self._world.move(STOCK, "emptied", face, self._world.count(STOCK, face))

    def fault(
        self, kind: str, count: str = "1", verb: str = "", milliseconds: str = "0", pieces: str = "0"
    ) -> None:
        """Hurt the next exchanges (drivers/transport/sim/wire.py: FAULTS), of one verb only if it is named."""
        self._wire.add_fault(
            kind, whole(count), NUMBERS.get(verb, 0), whole(milliseconds) / 1000, whole(pieces)
        )

    def state(self) -> dict[str, Any]:
        with self._wire.lock:
            self._machine.advance(self._wire.now())
            names = {number: verb for verb, number in NUMBERS.items()}
            done = {names.get(number, "?"): count for number, count in self._wire.exchanges.items()}
            said = {"machine": self._machine.picture(), "exchanges": done, "paid": self._machine.paid}
            return {**self._world.picture(), **said}


def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of("kiosk-sim changer", __doc__, "where the pieces are")
    parser.add_argument("--pieces", type=int, default=50, help="of each face at first (50)")
    parser.add_argument("--piece-ms", type=int, default=50, help="one piece of a payout (50)")
    args = parser.parse_args(argv)
    world = World(Path(args.state), args.pieces)
    machine = Machine(world, args.piece_ms / 1000)
    wire = Wire(line_of(args), machine)
    return serve(wire, args.control, Bench(world, machine, wire).verbs())
