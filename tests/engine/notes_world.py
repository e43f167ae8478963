"""The kiosk of world.py with a note unit: the driver's own machine, the simulated device, the clock of the world."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from drivers.id003.boxes import Box, BoxesSettings
from drivers.id003.codec import Frame
from drivers.id003.device import NoteUnit
from drivers.id003.messages import Command, Extended, Status
from drivers.id003.settings import Settings
from drivers.id003.sim.unit import RECYCLED, Mechanics, SimUnit
from drivers.id003.sim.world import CASHBOX, RECYCLER, TAKEN
from drivers.id003.sim.world import World as Notes
from kiosk import ports
from kiosk.engine.setup import Hopper, Setup
from kiosk.ids import DeviceId
from kiosk.journal.records import AnyRecord, DispenseAdvanced, DispenseResolved, DispenseSettled, StockSet
from kiosk.money import Cash, Denomination, Yen
from tests.engine.world import FACES, HOPPERS, SETUP, Physics, World, _counted

NOTE1, BOX1 = DeviceId("note1"), DeviceId("recycler1000")
NOTE_FACES = (Denomination.NOTE1000, Denomination.NOTE5000, Denomination.NOTE10000)
NOTES_SETUP: Setup = replace(
    SETUP,
    note_acceptor=NOTE1,
    faces=(*FACES, *NOTE_FACES),
    hoppers=(*HOPPERS, Hopper(BOX1, Denomination.NOTE1000)),
)
HEARD, UNHEARD, UNANSWERED = "heard", "unheard", "unanswered"
"""What can befall one exchange: all well; the device never got it; it did it and the answer is lost."""


def number(frame: Frame) -> int:
    """A command's number; an extended one's own, with bit 8 set."""
    return 0x100 | frame.data[1] if frame.command == Command.EXTENDED else frame.command


STACK, ACK, PAYOUT, RESET = Command.STACK_2, Command.ACK, 0x100 | Extended.PAYOUT, Command.RESET


class NoteDesk:
    """The device and where its notes are. It outlives the core."""

    def __init__(self, notes: int = 30, take_s: float | None = 0.2) -> None:
        self.world = Notes(None, RECYCLED, notes)
        self.sim = SimUnit(self.world, Mechanics(take_s=take_s))
        self.fate: Callable[[Frame], str] = lambda _frame: HEARD
        self.sent: list[int] = []
        """Every request that the device has carried out."""

    def cut_power(self, now: float) -> None:
        """Its power blinks."""
        self.sim.power_up(now)

    @property
    def paid(self) -> Yen:
        return Yen(1000 * self.world.count("taken"))

    @property
    def inserted(self) -> Yen:
        return self._worth("inserted")

    @property
    def returned(self) -> Yen:
        return self._worth("returned") + self._worth("pulled-out")

    def _worth(self, place: str) -> Yen:
        return Yen.sum(
            Yen(int(issue[1:-1])) * count for issue, count in self.world.places.get(place, {}).items()
        )


class _NoteLine:
    """The driver without its thread: the world lets it turn."""

    def __init__(self, world: NotesWorld) -> None:
        self._world = world
        self.told: list[ports.Event] = []
        self.machine = NoteUnit(Settings(NOTE1, boxes=BoxesSettings((Box(BOX1, 1, Denomination.NOTE1000),))))

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return self.machine.devices

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def perform(self, command: ports.Command) -> None:
        self._world.commands.append(command)
        self.tell(self.machine.perform(command, self._world.clock.now_s))

    def tell(self, events: list[ports.Event]) -> None:
        for event in events:
            self.told.append(event)
            self._world.later(event)

    def exchange(self) -> None:
        clock, desk, machine = self._world.clock, self._world.desk, self.machine
        clock.now_s = max(clock.now_s + 0.002, machine.due())
        desk.sim.advance(clock.now_s)
        self.tell(machine.tick(clock.now_s))
        step = machine.request(clock.now_s)
        fate = desk.fate(step.request)
        answer = None
        if fate != UNHEARD:
            desk.sent.append(number(step.request))
            answer = desk.sim.handle(step.request, clock.now_s)
        if not step.has_reply:
            return
        if answer is None or fate != HEARD:
            clock.now_s += 0.3
            self.tell(machine.unanswered(clock.now_s))
        else:
            clock.now_s += 0.01
            self.tell(machine.replied(answer, clock.now_s))


class NotesWorld(World):
    """`note` puts one in; `run` lets time pass on the note unit's line and in the loop's timers."""

    desk: NoteDesk

    def __init__(
        self,
        records: list[AnyRecord] | None = None,
        physics: Physics | None = None,
        setup: Setup = NOTES_SETUP,
        desk: NoteDesk | None = None,
    ) -> None:
        self.desk = desk or NoteDesk()
        super().__init__(records if records is not None else self._counted(), physics, setup)
        self.line = _NoteLine(self)
        self.loop.add_driver(self.line)

    def _counted(self) -> list[AnyRecord]:
        boxed = Cash({Denomination.NOTE1000: self.desk.world.count(RECYCLER)})
        return [*_counted(), StockSet(BOX1, boxed, "tester")]

    def boot(self) -> NotesWorld:
        super().boot()
        self.run(3)
        return self

    def dead(self) -> NotesWorld:
        """What is left when the core has died: journal, coins, notes."""
        reborn = NotesWorld(self.records, self.physics, self.setup, self.desk)
        reborn.clock.now_s = self.clock.now_s + 1
        return reborn

    def reboot(self) -> NotesWorld:
        return self.dead().boot()

    def run(self, seconds: float) -> None:
        end = self.clock.now_s + seconds
        while self.clock.now_s < end:
            self.line.exchange()
            self.settle()
            self.loop._expire(self.clock.now_s)
            self.settle()

    def until_pay_much(self) -> None:
        """3,000 yen are asked for."""
        self.entitlements = (ports.Entitlement("juminhyo", 600, 5),)
        self.until_pay(copies=5)

    def run_until(self, is_so: Callable[[], bool], at_most_s: float = 60.0) -> None:
        end = self.clock.now_s + at_most_s
        while not is_so():
            assert self.clock.now_s < end, f"{self.phase}, {self.status}, {self.commands[-6:]}"
            self.run(0.004)

    def note(self, issue: str = "N1000F") -> bool:
        """A hand puts a note in; False: it is not drawn in."""
        return self.desk.sim.insert(issue, self.clock.now_s)

    def lies_in(self, unit: str) -> Cash:
        if unit not in (RECYCLER, CASHBOX):
            return super().lies_in(unit)
        there = self.desk.world.places.get(unit, {})
        faces = [(Denomination(self.desk.world.face_of(issue)), count) for issue, count in there.items()]
        return Cash({face: sum(count for each, count in faces if each is face) for face, _ in faces})

    def came_out(self, op: str) -> int:
        """Of a note payout: what people took and no other payout has proven."""
        intent = self.ledger.doubts[op]
        if intent.device != BOX1:
            return super().came_out(op)
        proven: dict[str, int] = {}
        for record in self.records:
            if isinstance(record, DispenseAdvanced | DispenseSettled | DispenseResolved):
                proven[record.op] = record.paid if record.device == BOX1 else 0
        proven.pop(op, None)
        return min(intent.count, self.desk.world.count(TAKEN) - sum(proven.values()))

    def check(self) -> None:
        super().check()
        ledger, places = self.ledger, self.desk.world
        if not ledger.notes and not ledger.dispenses and not ledger.doubts:
            assert dict(ledger.units[BOX1].count).get(Denomination.NOTE1000, 0) == places.count(RECYCLER)
            boxed = ledger.units.get(DeviceId(CASHBOX))
            assert sum(boxed.count.values() if boxed else ()) == places.count(CASHBOX)

    @property
    def status(self) -> str:
        return Status(self.desk.sim.status).name
