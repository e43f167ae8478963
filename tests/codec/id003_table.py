"""A table-top note recycler for pure tests: the machine and the simulated device, a virtual clock, and a hand on the
wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from drivers.id003.boxes import Box, BoxesSettings
from drivers.id003.codec import Frame
from drivers.id003.device import NoteUnit
from drivers.id003.messages import Command, Extended, Status
from drivers.id003.settings import Settings
from drivers.id003.sim.unit import RECYCLED, Mechanics, SimUnit
from drivers.id003.sim.world import BEZEL, CASHBOX, PATH, RECYCLER, RETURNED, TAKEN, World
from kiosk.ids import DeviceId, OpId
from kiosk.money import Denomination
from kiosk.ports import (
    AcceptanceSet,
    AcknowledgeCredit,
    AcknowledgePayout,
    Dispense,
    DispenseEnded,
    Event,
    HopperRead,
    NoteCredited,
    NoteEscrowed,
    NotePaid,
    ResetNotePath,
    ResolveDispense,
    SetAcceptance,
    StackNote,
    StartNoteAcceptor,
)
from kiosk.ports import Command as CoreCommand

E = TypeVar("E", bound=Event)

NOTE1, BOX1 = DeviceId("note1"), DeviceId("recycler1000")
NOTE1000, NOTE5000 = Denomination.NOTE1000, Denomination.NOTE5000
OP = OpId("op")
ALL = tuple(each for each in Denomination if each.is_note)
PAYOUT = Extended.PAYOUT

HEARD, UNHEARD, UNANSWERED = "heard", "unheard", "unanswered"
"""What can befall one exchange: all well; the device never got it; it did it and the answer is lost."""


def number(frame: Frame) -> int:
    """A command's number; an extended one's own, with bit 8 set so that it is not taken for a status."""
    return 0x100 | frame.data[1] if frame.command == Command.EXTENDED else frame.command


PAYOUT_NUMBER = 0x100 | Extended.PAYOUT


class Table:
    """One machine, one device, one exchange at a time. `is_prompt`: the core makes everything durable at once."""

    def __init__(self, notes: int = 30, take_s: float | None = 0.2, *, is_prompt: bool = True) -> None:
        self.now = 1000.0
        self.is_prompt = is_prompt
        self.fate: Callable[[Frame], str] = lambda _frame: HEARD
        self.world = World(None, RECYCLED, notes)
        self.mechanics = Mechanics(take_s=take_s)
        self.sim = SimUnit(self.world, self.mechanics)
        self.events: list[Event] = []
        self.sent: list[int] = []
        self.machine = self.new_machine()

    def new_machine(self) -> NoteUnit:
        """The core starts anew: nothing is remembered but the journal."""
        boxes = BoxesSettings((Box(BOX1, 1, NOTE1000),))
        self.machine = NoteUnit(Settings(NOTE1, boxes=boxes))
        return self.machine

    def perform(self, command: CoreCommand) -> None:
        self.say(self.machine.perform(command, self.now))

    def say(self, events: list[Event]) -> None:
        self.events.extend(events)
        for event in events if self.is_prompt else ():
            if isinstance(event, NoteCredited):
                self.perform(AcknowledgeCredit(event.op, NOTE1))
            if isinstance(event, NotePaid):
                self.perform(AcknowledgePayout(event.op, BOX1, event.paid))

    def exchange(self) -> None:
        self.now = max(self.now + 0.002, self.machine.due())
        self.sim.advance(self.now)
        self.say(self.machine.tick(self.now))
        step = self.machine.request(self.now)
        self.sent.append(number(step.request))
        fate = self.fate(step.request)
        answer = self.sim.handle(step.request, self.now) if fate != UNHEARD else None
        if not step.has_reply:
            return
        if answer is None or fate != HEARD:
            self.now += 0.3
            self.say(self.machine.unanswered(self.now))
            return
        self.now += 0.01
        self.say(self.machine.replied(answer, self.now))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.exchange()

    def until(self, kind: type[E], at_most_s: float = 100.0) -> E:
        """Go on until an event of that kind that was not waited for before."""
        end = self.now + at_most_s
        while self.now < end:
            for at, event in enumerate(self.events):
                if isinstance(event, kind):
                    del self.events[: at + 1]
                    return event
            self.exchange()
        raise AssertionError(f"no {kind.__name__}; {self.events[-5:]}, {Status(self.sim.status).name}")

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    # --- what most tests begin with

    def start(self, op: str = "", *, is_credited: bool = False) -> None:
        denomination = NOTE1000 if op else None
        self.perform(StartNoteAcceptor(NOTE1, OpId(op), denomination, is_credited))

    def ready(self) -> HopperRead:
        """Up, reset and closed; what the box said."""
        self.start()
        self.run(0.5)
        if self.sim.status in (Status.POWER_UP, Status.POWER_UP_IN_ACCEPTOR, Status.POWER_UP_IN_STACKER):
            self.perform(ResetNotePath(NOTE1))
        self.until(AcceptanceSet)
        return self.machine.boxes._published[1]

    def open(self) -> None:
        self.perform(SetAcceptance(NOTE1, ALL))
        while not self.until(AcceptanceSet).denominations:
            pass
        self.run(0.2)

    def escrow(self, issue: str = "N1000F") -> NoteEscrowed:
        self.ready()
        self.open()
        assert self.sim.insert(issue, self.now)
        return self.until(NoteEscrowed)

    def stack(self) -> None:
        self.escrow()
        self.perform(StackNote(OP, NOTE1))

    def pay(self, count: int) -> None:
        self.perform(Dispense(OP, BOX1, count))

    def resolve(self, asked: int, before: HopperRead, paid: int = 0) -> None:
        self.perform(
            ResolveDispense(OP, BOX1, asked, before.event_counter, before.lifetime, before.serial, paid)
        )

    def ended(self) -> DispenseEnded:
        return self.until(DispenseEnded)

    def taken(self) -> int:
        return self.world.count(TAKEN)

    def inside(self) -> int:
        return self.world.count(CASHBOX) + self.world.count(RECYCLER)

    def given_back(self) -> int:
        return self.world.count(RETURNED)

    def on_the_way_out(self) -> int:
        return self.world.count(PATH) + self.world.count(BEZEL)
