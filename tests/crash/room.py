"""A whole kiosk in one process on one clock: the production loop, engine, drivers and codecs; a journal in a list; the
simulators of coin and note unit at the other end of cables in memory. Card, printers and server are played (world.py).

`Hardware` is what outlives the core: where every piece truly is. A crash is `CrashError` out of the journal or out of a
cable; then the world is dropped and a new one is made on what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers.cctalk.driver import CcTalk
from drivers.cctalk.settings import read_options as cctalk_options
from drivers.cctalk.sim.acceptor import SimAcceptor
from drivers.cctalk.sim.bus import Bus
from drivers.cctalk.sim.hopper import Mechanics as HopperMechanics
from drivers.cctalk.sim.hopper import SimHopper
from drivers.cctalk.sim.world import PAYOUT_TRAY, RETURN_TRAY
from drivers.cctalk.sim.world import World as Coins
from drivers.id003.driver import Id003
from drivers.id003.settings import read_options as id003_options
from drivers.id003.sim.unit import RECYCLED, Mechanics, SimUnit
from drivers.id003.sim.wire import NoteLine
from drivers.id003.sim.world import PULLED_OUT, RETURNED, TAKEN
from drivers.id003.sim.world import World as Notes
from drivers.transport.line_thread import LineSettings, LineThread
from drivers.transport.sim.memory import FarEnd, MemoryPair, VirtualClock
from drivers.transport.sim.wire import Fault, Request, Wire
from kiosk import intents, ports
from kiosk.engine.setup import Setup
from kiosk.engine.state import Phase
from kiosk.ids import DeviceId
from kiosk.journal.records import AnyRecord, DispenseIntended, StockSet
from kiosk.money import Cash, Denomination, Yen
from tests.crash.truth import doubt, lost_or_gained, worth
from tests.engine.notes_world import NOTES_SETUP
from tests.engine.world import CrashError, Physics, World

HOPPERS = {"hopper10": "JP010A", "hopper50": "JP050A", "hopper100": "JP100A", "hopper500": "JP500C"}
PIECES, NOTES_IN_BOX = 30, 12
GASPS = 3
DISPENSE_COINS, PAYOUT_NOTES = 167, 0x14A
LATE_S = 0.35
"""Behind both reply time-outs."""


class ScriptedWire(Wire):
    """`script`: which fault befalls the n-th exchange of a number (0: of all) from here on."""

    script: dict[tuple[int, int], str]
    counts: Counter[int]

    def _serve(self, request: Request) -> None:
        for number in (0, request.number):
            self.counts[number] += 1
            kind = self.script.pop((number, self.counts[number]), "")
            if kind:
                self.faults.append(Fault(kind, 1, 0, LATE_S))
        super()._serve(request)


@dataclass
class Line:
    """A cable, what hangs on it, and where the driver of the day is."""

    pair: MemoryPair
    wire: ScriptedWire
    driver: LineThread | None = None


@dataclass
class Hardware:
    """Devices and pieces. `watch` is called at every write and read of either cable."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    watch: Callable[[str], None] = lambda _what: None

    def __post_init__(self) -> None:
        self.coins = Coins(None, HOPPERS.items(), PIECES)
        self.acceptor = SimAcceptor(2, 0x0A0001, self.coins, HOPPERS)
        self.acceptor.set_counter(200)  # a long day: it will wrap for some
        self.hoppers = [
            SimHopper(name, 3 + at, 0x0B0001 + at, self.coins, coin, HopperMechanics(0.02, 0.3))
            for at, (name, coin) in enumerate(HOPPERS.items())
        ]
        self.notes = Notes(None, RECYCLED, NOTES_IN_BOX)
        self.unit = SimUnit(self.notes, Mechanics(0.1, 10.0, 20.0, 0.1))
        self.coin_line = self._line(Bus([self.acceptor, *self.hoppers]), self._coins_die)
        self.note_line = self._line(NoteLine(self.unit), self._notes_die)

    def _line(self, devices: Any, die: Callable[[], None]) -> Line:
        pair = MemoryPair(self.clock)
        wire = ScriptedWire(FarEnd(pair), devices, clock=self.clock, pause=pair.pause, die=die)
        wire.script, wire.counts = {}, Counter()
        pair.far = wire.hear
        pair.watch = self._watched
        return Line(pair, wire)

    def _watched(self, what: str) -> None:
        """`watch` of this moment: it is another one in each life."""
        self.watch(what)

    def _coins_die(self) -> None:
        self.acceptor.power_up()
        for hopper in self.hoppers:
            hopper.power_up()

    def _notes_die(self) -> None:
        self.unit.power_up(self.clock.now_s)

    @property
    def inserted(self) -> int:
        return worth(self.coins, "inserted") + worth(self.notes, "inserted")

    @property
    def given(self) -> int:
        """In the hands of people: paid out, and given back."""
        coins = worth(self.coins, PAYOUT_TRAY) + worth(self.coins, RETURN_TRAY)
        return coins + sum(worth(self.notes, place) for place in (TAKEN, RETURNED, PULLED_OUT))

    def dispensed(self) -> int:
        """How many payout commands were carried out."""
        coins, notes = self.coin_line.wire.exchanges, self.note_line.wire.exchanges
        return coins.get(DISPENSE_COINS, 0) + notes.get(PAYOUT_NOTES, 0)


def _cctalk() -> Any:
    hoppers = [
        {"id": name, "address": 3 + at, "denomination": f"coin{name[6:]}", "lost_after_s": 4.0}
        for at, name in enumerate(HOPPERS)
    ]
    acceptor = {"id": "coin1", "address": 2, "poll_s": 0.2}
    return cctalk_options(DeviceId("cash"), {"port": "m", "acceptor": acceptor, "hoppers": hoppers})


def _id003() -> Any:
    boxes = [{"id": "recycler1000", "box": 1, "denomination": "note1000"}]
    table = {"port": "m", "acceptor": {"id": "note1", "poll_s": 0.2}, "boxes": boxes, "lost_after_s": 4.0}
    return id003_options(DeviceId("notes"), table)


CCTALK, ID003 = _cctalk(), _id003()


class Room(World):
    """One life of the core. `live` lets time pass; people are `coin`, `note`, `tap` and `hands`."""

    is_dead = False

    lines: tuple[Line, ...]

    def __init__(
        self,
        hardware: Hardware,
        records: list[AnyRecord] | None = None,
        physics: Physics | None = None,
        setup: Setup = NOTES_SETUP,
    ) -> None:
        self.hardware = hardware
        super().__init__(records if records is not None else counted(), physics, setup)
        self.clock = hardware.clock  # type: ignore[assignment]  # one clock for all
        self.loop._clock = hardware.clock
        self.told: list[ports.Event] = []
        self.wire_up()

    def wire_up(self) -> None:
        """The production drivers on the cables of this hardware."""
        hardware = self.hardware
        for device in ("coin1", *HOPPERS):
            del self.loop._performers[DeviceId(device)]
        self.lines = (hardware.coin_line, hardware.note_line)
        for line, name, talk, settings in (
            (hardware.coin_line, "cctalk", CcTalk(CCTALK), LineSettings("m")),
            (
                hardware.note_line,
                "id003",
                Id003(ID003.unit),
                LineSettings("m", parity="E", reply_timeout_s=0.3),
            ),
        ):
            line.pair.close()
            line.driver = LineThread(
                name, talk, settings, self._post, clock=hardware.clock, open_port=line.pair.open
            )
            self.loop.add_driver(line.driver)

    def _post(self, event: ports.Event) -> None:
        self.told.append(event)
        self.later(event)

    def boot(self) -> Room:
        for device in (self.setup.card_reader, self.setup.certificate_printer, self.setup.receipt_printer):
            self.event(ports.DeviceArrived(device, "test"))
        self._on_ReadIssuance(ports.ReadIssuance())
        self.event(ports.PrinterRead(self.setup.certificate_printer, self.physics.printer_ready, ()))
        self.live(4)
        return self

    def reborn(self) -> Room:
        """The core has died: a new one on the same journal, the same cables, the same pieces."""
        self.hardware.clock.now_s += 1
        return type(self)(self.hardware, self.records, self.physics)

    def last_gasp(self) -> None:
        """The core's main thread is dead; its drivers' threads still put on the line what they were told."""
        for line in self.lines:
            for _ in range(GASPS):
                assert line.driver is not None
                self.clock.now_s = max(self.clock.now_s, line.driver.wake_at)
                line.driver.step()

    def live(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Let time pass; True as soon as `until` is so."""
        clock, end = self.hardware.clock, self.hardware.clock.now_s + seconds
        while clock.now_s < end:
            if until is not None and until():
                return True
            at, line = min(((each.driver.wake_at, each) for each in self.lines if each.driver), key=_first)
            assert line.driver is not None
            clock.now_s = max(clock.now_s, min(at, end))
            line.driver.step()
            self.settle()
            self.loop._expire(clock.now_s)
            self.settle()
        return until is not None and until()

    def is_open(self) -> bool:
        """For coins and for notes."""
        state = self.loop.state
        return bool(state.accepting) and (state.setup.has_changer or bool(state.notes_open))

    # --- people

    def coin(self, face: int) -> bool:
        """A coin; it may fall through."""
        kind = {10: "JP010A", 50: "JP050A", 100: "JP100A", 500: "JP500C"}[face]
        return self.hardware.acceptor.insert(kind, self.hardware.clock.now_s) != RETURN_TRAY

    def note(self, issue: str) -> bool:
        return self.hardware.unit.insert(issue, self.hardware.clock.now_s)

    def hands(self, seconds: float) -> None:
        """She takes what comes, and asks for what is hers, until the machine is free again."""
        end = self.hardware.clock.now_s + seconds
        rest = (Phase.IDLE, Phase.OUT_OF_SERVICE)
        while self.hardware.clock.now_s < end and not (self.phase in rest and self.loop.state.recovered):
            if self.phase in (Phase.OFFERING_BACK, Phase.IN_TROUBLE):
                self.tap(intents.GiveBack)
            self.take_all()
            if self.phase in (Phase.IN_TROUBLE, Phase.NOTIFIED, Phase.FINISHED):
                self.time_out("stage")
            self.live(1.0)

    # --- truth

    def account_for_every_yen(self) -> str:
        """Empty when nobody lost or gained one; else what is wrong."""
        ledger, hardware = self.ledger, self.hardware
        if wrong := lost_or_gained(ledger, hardware.inserted, hardware.given):
            return wrong
        intended = sum(isinstance(each, DispenseIntended) for each in self.records)
        if hardware.dispensed() > intended:
            return f"{hardware.dispensed()} payouts carried out, {intended} intended"
        return (
            self._pieces_differ() if not doubt(ledger) and not ledger.notes and not ledger.dispenses else ""
        )

    def _pieces_differ(self) -> str:
        hardware, ledger = self.hardware, self.ledger
        for world, units in ((hardware.coins, HOPPERS), (hardware.notes, ("recycler1000",))):
            for unit in units:
                there = {Denomination(face): count for face, count in world.by_face(unit).items()}
                if Cash(there) != Cash(ledger.units[DeviceId(unit)].count):
                    return f"{unit}: {there}, the books say {dict(ledger.units[DeviceId(unit)].count)}"
        return ""


def _first(pair: tuple[float, Line]) -> float:
    return pair[0]


def counted() -> list[AnyRecord]:
    coins: list[AnyRecord] = [
        StockSet(DeviceId(name), Cash({Denomination(f"coin{name[6:]}"): PIECES}), "tester")
        for name in HOPPERS
    ]
    return [*coins, StockSet(DeviceId("recycler1000"), Cash({Denomination.NOTE1000: NOTES_IN_BOX}), "tester")]


# --- visits -----------------------------------------------------------------------------------------------------------


def _to_pay(room: Room, *, much: bool = False) -> None:
    room.entitlements = (ports.Entitlement("juminhyo", 600 if much else 200, 5),)
    room.until_pay(5 if much else 1)
    room.live(3, room.is_open)


def pays_with_a_note(room: Room) -> None:
    _to_pay(room)
    room.note("N1000F")
    room.hands(25)


def pays_with_a_coin(room: Room) -> None:
    _to_pay(room)
    room.coin(500)
    room.hands(20)


def pays_with_five_thousand(room: Room) -> None:
    _to_pay(room)
    room.note("N5000E")
    room.hands(40)


def cancels_after_a_note_and_a_coin(room: Room) -> None:
    _to_pay(room, much=True)
    room.coin(100)
    room.note("N1000F")
    room.live(8, lambda: bool(room.ledger.totals.cash_in == Yen(1100)))
    room.tap(intents.Cancel)
    room.hands(25)


def is_refunded(room: Room) -> None:
    """The printer prints nothing: held money goes back."""
    room.physics.print_outcome = ports.Outcome.REFUSED
    _to_pay(room)
    room.note("N1000F")
    room.live(8, lambda: room.phase is Phase.AWAITING_PRINTER)
    room.tap(intents.Cancel)
    room.hands(25)
    room.physics.print_outcome = ports.Outcome.CONFIRMED


VISITS = (
    pays_with_a_note,
    pays_with_a_coin,
    pays_with_five_thousand,
    cancels_after_a_note_and_a_coin,
    is_refunded,
)
WIRE_FAULTS = ("drop", "delay", "duplicate", "flip", "cut", "lose", "die")


class Death:
    """Dies at the n-th of these moments: `write`/`read` of a cable, `before`/`after` a journal write is durable."""

    def __init__(self, where: str, at: int) -> None:
        self.where, self.left, self.total = where, at, 0

    def arm(self, room: Room) -> None:
        room.hardware.watch = self._on_wire
        if self.where in ("before", "after"):
            room.journal.die_at = self.left if self.where == "after" else -self.left
            room.journal.appends = 0

    def _on_wire(self, what: str) -> None:
        if what == self.where:
            self.total += 1
            if self.total == self.left:
                raise CrashError


def disarm(room: Room) -> None:
    room.hardware.watch = lambda _what: None
    room.journal.die_at = None
