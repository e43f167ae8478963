"""The kiosk of room.py with one cash device: the example change machine at the end of a cable in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from drivers.changer.driver import Talk
from drivers.changer.settings import read_options
from drivers.changer.sim.machine import RETURNED, STOCK, TRAY, Machine
from drivers.changer.sim.machine import World as Pieces
from drivers.transport.line_thread import LineSettings, LineThread
from drivers.transport.sim.memory import VirtualClock
from drivers.transport.sim.pieces import TAKEN
from kiosk.changer_till import ChangerTill
from kiosk.daemon.till_driver import TillDriver
from kiosk.engine.setup import Hopper
from kiosk.ids import DeviceId
from kiosk.journal.records import AnyRecord, DispenseIntended, StockSet
from kiosk.money import Cash, Denomination
from tests.crash.room import Hardware, Line, Room
from tests.crash.truth import worth
from tests.engine.world import SETUP, Physics

D = Denomination
CHANGER = DeviceId("changer1")
UNITS = {
    DeviceId(f"stack{face.face.value}"): face
    for face in (D.COIN10, D.COIN50, D.COIN100, D.COIN500, D.NOTE1000)
}
PIECES = 30
PAY = 9
CHANGER_SETUP = replace(
    SETUP,
    acceptor=CHANGER,
    has_changer=True,
    faces=tuple(UNITS.values()),
    hoppers=tuple(Hopper(unit, face) for unit, face in UNITS.items()),
)
SETTINGS = read_options(CHANGER, {"port": "m", "poll_s": 0.2, "lost_after_s": 8.0})


@dataclass
class ChangerHardware(Hardware):
    """What outlives the core."""

    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        self.pieces = Pieces(None, PIECES)
        self.machine = Machine(self.pieces, 0.05)
        self.line = self._line(self.machine, self.machine.power_up)

    @property
    def inserted(self) -> int:
        return worth(self.pieces, "inserted")

    @property
    def given(self) -> int:
        return sum(worth(self.pieces, place) for place in (TRAY, TAKEN, RETURNED))

    def dispensed(self) -> int:
        return self.line.wire.exchanges.get(PAY, 0)


class ChangerRoom(Room):
    """One life of the core."""

    hardware: ChangerHardware

    def __init__(
        self,
        hardware: ChangerHardware,
        records: list[AnyRecord] | None = None,
        physics: Physics | None = None,
    ) -> None:
        super().__init__(hardware, records if records is not None else counted(), physics, CHANGER_SETUP)

    def wire_up(self) -> None:
        del self.loop._performers[CHANGER]
        line: Line = self.hardware.line
        self.lines = (line,)
        line.pair.close()

        def make(post: Any) -> LineThread:
            line.driver = LineThread(
                "changer",
                Talk(CHANGER, SETTINGS),
                LineSettings("m", reply_timeout_s=1.0),
                post,
                clock=self.hardware.clock,
                open_port=line.pair.open,
            )
            return line.driver

        self.loop.add_driver(TillDriver(ChangerTill(CHANGER, UNITS, "kiosk-test"), make, self._post))

    def coin(self, face: int) -> bool:
        return self.hardware.machine.insert(f"coin{face}")

    def note(self, issue: str) -> bool:
        return self.hardware.machine.insert("note" + issue[1:-1])

    def _pieces_differ(self) -> str:
        for unit, face in UNITS.items():
            there = self.hardware.pieces.count(STOCK, face.value)
            if there != self.ledger.units[unit].count[face]:
                return f"{unit}: {there}, the books say {self.ledger.units[unit].count[face]}"
        return ""

    def intended(self) -> int:
        return sum(isinstance(each, DispenseIntended) for each in self.records)


def counted() -> list[AnyRecord]:
    return [StockSet(unit, Cash({face: PIECES}), "tester") for unit, face in UNITS.items()]
