"""`kiosk-sim cctalk`: the bus as a process of its own, with a control socket for hands, jams and power
cuts."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drivers.cctalk.codec import Checksum
from drivers.cctalk.sim.acceptor import COINS, SimAcceptor
from drivers.cctalk.sim.bus import Bus
from drivers.cctalk.sim.hopper import Mechanics, SimHopper
from drivers.cctalk.sim.slave import Slave
from drivers.cctalk.sim.world import (
    CASHBOX,
    EMPTIED,
    FILLED,
    PAYOUT_TRAY,
    RETURN_TRAY,
    TAKEN,
    World,
)
from drivers.transport.sim.process import line_of, parser_of, serve, whole
from drivers.transport.sim.wire import Wire

HOPPERS: Mapping[str, str] = {
    "hopper10": "JP010A",
    "hopper50": "JP050A",
    "hopper100": "JP100A",
    "hopper500": "JP500C",
}
"""Unit -> coin, at the addresses after the acceptor's."""

ACCEPTOR_ADDRESS = 2
FIRST_HOPPER_ADDRESS = 3
_ACCEPTOR_SERIAL = 0x0A0001
_HOPPER_SERIAL = 0x0B0001
_NEWEST = {"500": "JP500C"}
_BETWEEN_COINS_S = 0.15


class Bench:
    """The verbs of the control socket."""

    def __init__(self, world: World, wire: Wire, acceptor: SimAcceptor, hoppers: Sequence[SimHopper]) -> None:
        self._world = world
        self._wire = wire
        self._acceptor = acceptor
        self._hoppers = {hopper.name: hopper for hopper in hoppers}
        self._pause = threading.Event()

    def verbs(self) -> dict[str, Any]:
        return {
            "insert-coin": self.insert_coin,
            "take-coins": self.take_coins,
            "fill": self.fill,
            "empty": self.empty,
            "jam": self.jam,
            "clear": self.clear,
            "cheat": self.cheat,
            "reset": self.reset,
            "exchange": self.exchange,
            "set-counter": self.set_counter,
            "fault": self.fault,
            "drop-replies": lambda count="1": self.fault("drop", count),
            "die-before-reply": lambda header="167", pieces="255": self.fault(
                "die", "1", header, "0", pieces
            ),
            "state": self.state,
        }

    def insert_coin(self, face: str, count: str = "1") -> dict[str, Any]:
        """A hand puts coins in, one after the other: `100`, `coin100`, or `JP500B` for an old one."""
        coin = coin_of(face)
        fell: list[str] = []
        moments: list[float] = []
        for at in range(whole(count)):
            if at:
                self._pause.wait(_BETWEEN_COINS_S)
            with self._wire.lock:
                fell.append(self._acceptor.insert(coin, self._wire.now()))
                moments.append(self._wire.now())
        returned = fell.count(RETURN_TRAY)
        return {"accepted": len(fell) - returned, "returned": returned, "units": fell, "monotonic_s": moments}

    def take_coins(self) -> dict[str, Any]:
        """A hand empties both trays."""
        with self._wire.lock:
            taken = {tray: self._take(tray, TAKEN) for tray in (PAYOUT_TRAY, RETURN_TRAY)}
        return {"taken": taken}

    def fill(self, unit: str, count: str) -> dict[str, Any]:
        hopper = self._hopper(unit)
        with self._wire.lock:
            self._world.move(FILLED, unit, hopper.coin, whole(count))
            return {"pieces": self._world.count(unit)}

    def empty(self, unit: str) -> dict[str, Any]:
        """Staff take everything out of a hopper or the cash box."""
        if unit != CASHBOX:
            self._hopper(unit)
        with self._wire.lock:
            return {"emptied": self._take(unit, EMPTIED)}

    def jam(self, unit: str, where: str = "motor") -> None:
        with self._wire.lock:
            if unit in ("acceptor", "coin1"):
                self._acceptor.jam()
            elif where in ("motor", "exit"):
                self._hopper(unit).jam = where
            else:
                raise ValueError("a hopper jams at its motor or its exit")

    def clear(self, unit: str) -> None:
        with self._wire.lock:
            if unit in ("acceptor", "coin1"):
                self._acceptor.clear()
            else:
                self._hopper(unit).clear()

    def cheat(self, unit: str) -> None:
        """`coin1`: a coin on a string. A hopper: a light held to its exit's sensor."""
        with self._wire.lock:
            if unit in ("acceptor", "coin1"):
                self._acceptor.be_cheated()
            else:
                self._hopper(unit).jam = "fraud"

    def reset(self, device: str) -> None:
        """Its power blinks: counters and inhibits are gone."""
        with self._wire.lock:
            self._device(device).power_up()

    def exchange(self, device: str) -> dict[str, Any]:
        """Another device in its place, as a technician puts it in; what lay in a hopper is laid into the new one."""
        with self._wire.lock:
            slave = self._device(device)
            slave.exchange()
            self._world.remember(slave.name, serial=slave.label.serial)
            self._world.save()
            return {"serial": slave.label.serial}

    def set_counter(self, device: str, value: str) -> None:
        with self._wire.lock:
            found = self._device(device)
            if isinstance(found, SimAcceptor | SimHopper):
                found.set_counter(whole(value) % 256)

    def fault(
        self, kind: str, count: str = "1", header: str = "0", milliseconds: str = "0", pieces: str = "0"
    ) -> None:
        """Hurt the next replies (drivers/transport/sim/wire.py: FAULTS)."""
        self._wire.add_fault(kind, whole(count), whole(header), whole(milliseconds) / 1000, whole(pieces))

    def state(self) -> dict[str, Any]:
        with self._wire.lock:
            return {
                **self._world.picture(),
                "units": {unit: self._world.by_face(unit) for unit in (*self._hoppers, CASHBOX)},
                "acceptor": self._acceptor.picture(),
                "hoppers": {name: hopper.picture() for name, hopper in self._hoppers.items()},
                "exchanges": {str(header): count for header, count in self._wire.exchanges.items()},
            }

    def _take(self, place: str, target: str) -> dict[str, int]:
        held = dict(self._world.places.get(place, {}))
        for coin, pieces in held.items():
            self._world.move(place, target, coin, pieces)
        return held

    def _hopper(self, unit: str) -> SimHopper:
        if unit not in self._hoppers:
            raise ValueError(f"units: {', '.join(self._hoppers)}")
        return self._hoppers[unit]

    def _device(self, name: str) -> Slave:
        return self._acceptor if name in ("acceptor", "coin1") else self._hopper(name)


def coin_of(face: str) -> str:
    """`100` or `coin100` is the newest issue of that face; a coin id like `JP500B` is itself."""
    if face in COINS.values():
        return face
    plain = face.removeprefix("coin")
    if not plain.isdecimal() or int(plain) not in (1, 5, 10, 50, 100, 500):
        raise ValueError("coins: 1, 5, 10, 50, 100, 500")
    return _NEWEST.get(plain, f"JP{int(plain):03}A")


def build(args: argparse.Namespace) -> tuple[Wire, Bench]:
    """The bus of these arguments, on its line."""
    world = World(Path(args.state), HOPPERS.items(), args.pieces)
    nak = bool(args.nak_unknown)
    serial = world.recall("acceptor", "serial") or args.acceptor_serial
    acceptor = SimAcceptor(ACCEPTOR_ADDRESS, serial, world, HOPPERS, nak_unknown=nak)
    mechanics = Mechanics(args.coin_ms / 1000, args.timeout_ms / 1000, args.security)
    hoppers = [
        SimHopper(
            name,
            FIRST_HOPPER_ADDRESS + at,
            world.recall(name, "serial") or _HOPPER_SERIAL + at,
            world,
            coin,
            mechanics,
            nak_unknown=nak,
        )
        for at, (name, coin) in enumerate(HOPPERS.items())
    ]

    def pay_before_death(slave: Slave, pieces: int) -> None:
        if isinstance(slave, SimHopper):
            slave.pay_at_once(pieces)

    bus = Bus(
        [acceptor, *hoppers],
        Checksum(args.checksum),
        has_echo=not args.no_echo,
        on_dispense_death=pay_before_death,
    )
    wire = Wire(line_of(args), bus, reply_s=args.reply_ms / 1000)
    return wire, Bench(world, wire, acceptor, hoppers)


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    wire, bench = build(args)
    return serve(wire, args.control, bench.verbs())


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("kiosk-sim cctalk", __doc__, "where the coins are")
    parser.add_argument("--pieces", type=int, default=50, help="coins in each hopper at first (default 50)")
    parser.add_argument("--coin-ms", type=int, default=60, help="one coin of a payout (default 60)")
    parser.add_argument(
        "--timeout-ms", type=int, default=600, help="a hopper turns in vain for so long (600)"
    )
    parser.add_argument("--reply-ms", type=int, default=0, help="how long a device thinks (default 0)")
    parser.add_argument("--security", choices=("serial", "cipher", "either"), default="either")
    parser.add_argument("--checksum", choices=("sum8", "crc16"), default="sum8")
    parser.add_argument("--acceptor-serial", type=int, default=_ACCEPTOR_SERIAL)
    parser.add_argument("--no-echo", action="store_true", help="as behind an adapter that swallows the echo")
    parser.add_argument(
        "--nak-unknown", action="store_true", help="NAK headers that are not known (else silence)"
    )
    return parser
