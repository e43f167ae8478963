"""One long life of a kiosk with coins, notes and a recycler: visit after visit, wire faults, staff who pay slips,
collect and fill up, days that are closed. The production loop, engine and drivers of room.py on one virtual clock.

After each visit every yen is accounted for; after each day every piece lies where the books say.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from drivers.id003.sim.unit import RECYCLED
from drivers.id003.sim.world import CASHBOX, RECYCLER
from drivers.transport.sim.pieces import EMPTIED, FILLED, Pieces
from kiosk import intents, ports
from kiosk.engine.state import Phase
from kiosk.ids import DeviceId
from kiosk.journal.ledger import imbalances
from kiosk.journal.records import UnitAfter
from kiosk.money import NO_CASH, Cash, Denomination, Yen
from tests.crash.room import HOPPERS, NOTES_IN_BOX, PIECES, Hardware, Room, ScriptedWire
from tests.crash.truth import doubt
from tests.treasury.desk import OFFICER, ask, start

DAY = 20
"""Visits of one business day."""
ORDERS = ((200, 1), (200, 3), (300, 2), (600, 1), (600, 4))
"""A fee, and how many copies."""
COINS, NOTES = (10, 50, 100, 500), ("N1000E", "N1000F", "N5000F", "N10000F")
FAULTS = ("drop", "delay", "duplicate", "flip", "cut", "lose")
"""Of a wire; what a power cut does is campaign_room.py's."""


@dataclass
class Tally:
    """What was really done, counted beside the journal."""

    visits: int = 0
    days: int = 0
    faults: int = 0
    jams: int = 0
    notes_out: int = 0
    exchanges: int = 0
    redeemed: int = 0
    ends: Counter[str] = field(default_factory=Counter)


class Soak:
    """`day()` after `day()`, in one life of the core."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # a life, no secret
        self.tally = Tally()
        self.room = Room(Hardware()).boot()

    # --- residents

    def visit(self) -> None:
        room, dice = self.room, self.dice
        fee, copies = dice.choice(ORDERS)
        room.entitlements = (ports.Entitlement("juminhyo", fee, 5),)
        room.physics.print_outcome = ports.Outcome.REFUSED if dice.random() < 0.1 else ports.Outcome.CONFIRMED
        room.until_pay(copies)
        room.live(6, room.is_open)  # no note where its change is not there
        self._hurt()
        self._pay()
        if room.live(
            10, lambda: room.phase in (Phase.AWAITING_PRINTER, Phase.TAKING_THINGS, Phase.PAYING_OUT)
        ):
            room.tap(intents.Cancel)  # the printer does not print: money back
        room.physics.print_outcome = ports.Outcome.CONFIRMED
        room.hands(120)
        for wire in self._wires():
            wire.script = {}
        for hopper in room.hardware.hoppers:
            hopper.clear()
        room.live(5)
        self.tally.visits += 1
        self.tally.ends[room.phase.value] += 1
        assert room.account_for_every_yen() == "", f"visit {self.tally.visits}"

    def _pay(self) -> None:
        room, dice = self.room, self.dice
        for _ in range(dice.randint(1, 9)):
            if room.phase is not Phase.AWAITING_PAYMENT or not room.loop.state.accepting:
                return
            if dice.random() < 0.06:
                room.tap(intents.Cancel)
            elif dice.random() < 0.4:
                room.note(dice.choice(NOTES))
            else:
                room.coin(dice.choice(COINS))
            room.live(2.0, lambda: room.phase is not Phase.AWAITING_PAYMENT)
        if room.phase is Phase.AWAITING_PAYMENT:
            room.tap(intents.Cancel)

    def _wires(self) -> tuple[ScriptedWire, ...]:
        return (self.room.hardware.coin_line.wire, self.room.hardware.note_line.wire)

    def _hurt(self) -> None:
        """Sometimes one exchange of this visit, sometimes the motors of hoppers."""
        dice = self.dice
        if dice.random() < 0.1:
            for hopper in dice.sample(self.room.hardware.hoppers, dice.randint(1, 4)):
                hopper.jam = "motor"
            self.tally.jams += 1
        wire = dice.choice(self._wires())
        wire.counts.clear()
        if dice.random() < 0.4:
            wire.script = {(0, dice.randint(1, 150)): dice.choice(FAULTS)}
            self.tally.faults += 1

    # --- staff

    def day(self) -> None:
        for _ in range(DAY):
            self.visit()
            if self.dice.random() < 0.15:
                self.staff()
        self.staff()
        self.act(intents.CloseDay())
        self.tally.days += 1
        self._compare()

    def act(self, intent: intents.StaffIntent) -> None:
        answer = ask(self.room, OFFICER, intent)
        assert answer.refusal is None, (intent, answer.refusal)
        self.room.live(1)

    def staff(self) -> None:
        """Slips are paid at the counter, incidents looked at, every unit is counted and brought to its float."""
        ledger = self.room.ledger
        for slip in list(ledger.slips.values()):
            if slip.amount and not slip.doubtful:
                self.tally.redeemed += slip.amount.value
                self.act(intents.RedeemSlip(slip=slip.slip))
        for incident in list(self.room.ledger.incidents):
            self.act(intents.CloseIncident(incident=incident, reason="seen"))
        hardware = self.room.hardware
        for name, kind in HOPPERS.items():
            self._level(hardware.coins, name, kind, PIECES)
        self._level(hardware.notes, RECYCLER, RECYCLED, NOTES_IN_BOX)
        self._level(hardware.notes, CASHBOX, "", 0)

    def _level(self, world: Pieces, unit: str, kind: str, wanted: int) -> None:
        """An exchange of one unit: counted, collected down to its float or filled up to it."""
        held = Cash({Denomination(face): count for face, count in world.by_face(unit).items() if count})
        missing = wanted - world.count(unit)
        if not missing:
            return
        number = start(self.room, "replenish" if missing > 0 else "collect", unit)
        put_in = Cash({Denomination(world.face_of(kind)): missing}) if missing > 0 else NO_CASH
        if missing > 0:
            world.move(FILLED, unit, kind, missing)
            taken_out = NO_CASH
        else:
            taken_out = _taken(world, unit, -missing)
        if unit == RECYCLER:
            self.room.hardware.notes.remember(count=world.count(unit))
        booked = self.room.ledger.units.get(DeviceId(unit))
        is_counted = self.dice.random() < 0.5 or booked is None or not booked.is_exact
        after = UnitAfter(DeviceId(unit), held if is_counted else None, put_in, taken_out)
        self.act(intents.EndExchange(exchange=number, units=(after,)))
        self.tally.exchanges += 1

    # --- truth

    def _compare(self) -> None:
        ledger, hardware = self.room.ledger, self.room.hardware
        assert imbalances(ledger) == ()
        assert ledger.difference == Yen(0), "no count found what the books did not know"
        assert not doubt(ledger) and not ledger.doubts and not ledger.slips
        for world, units in ((hardware.coins, (*HOPPERS, CASHBOX)), (hardware.notes, (RECYCLER,))):
            for unit in units:
                booked = ledger.units.get(DeviceId(unit))
                there = Cash({Denomination(face): count for face, count in world.by_face(unit).items()})
                assert Cash(booked.count if booked else {}) == there, unit
        fees = sum(each.amount.value for each in ledger.totals.receipts.values())
        assert hardware.inserted == hardware.given + fees + self.tally.redeemed
        self.tally.notes_out = hardware.notes.count("taken")


def _taken(world: Pieces, unit: str, count: int) -> Cash:
    """So many pieces out of a unit, whatever comes to hand."""
    found: Counter[Denomination] = Counter()
    for kind, pieces in list(world.places[unit].items()):
        out = min(pieces, count)
        count -= out
        world.move(unit, EMPTIED, kind, out)
        found[Denomination(world.face_of(kind))] += out
    return Cash({face: pieces for face, pieces in found.items() if pieces})
