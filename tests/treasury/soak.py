"""A long life of a kiosk in one process: random visits, faults, deaths, and staff who settle, collect, count, close.

The loop, the engine, the ledger, the acts and the papers are the production ones; devices are played and know where
each piece really is. After each day everything is compared with that truth, to the piece and to the yen.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from kiosk import intents, ports
from kiosk.engine.state import Phase
from kiosk.journal import records as r
from kiosk.journal.ledger import EMPTY, Ledger, imbalances
from kiosk.money import Yen
from kiosk.treasury.days import Entry, days
from kiosk.treasury.sheets import day_sheet, receipts_of
from kiosk.treasury.words import Town
from tests.engine.world import HOPPERS, CrashError, World
from tests.treasury.desk import OFFICER, ask, moved, start

DAY = 100
"""Visits of one business day."""
FILL = 60
TOWN = Town("例示市", "kiosk-soak")
FACES = [hopper.denomination for hopper in HOPPERS]


@dataclass
class Tally:
    """What was really done, counted beside the journal."""

    visits: int = 0
    days: int = 0
    deaths: int = 0
    records: int = 0
    events: Counter[str] = field(default_factory=Counter)
    put_in: int = 0
    taken_out: int = 0
    receipts: Counter[str] = field(default_factory=Counter)


class Soak:
    """`day()` after `day()`; `end()` at the end."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.tally = Tally()
        self.base: Ledger = EMPTY
        self.world = World().boot()
        self.redeemed = 0

    # --- residents

    def visit(self) -> None:
        self.tally.visits += 1
        world, dice = self.world, self.dice
        self._break_something()
        if dice.random() < 0.05:
            world.journal.die_at = (world.journal.appends + dice.randint(1, 18)) * dice.choice((1, -1))
        try:
            self._visit()
        except CrashError:
            self._reborn()
        self.world.journal.die_at = None
        try:
            self._go_away()
        finally:
            self._mend()

    def _visit(self) -> None:
        world, dice = self.world, self.dice
        world.until_pay(copies=dice.randint(1, 4))
        patience = dice.randint(1, 12)
        while world.phase is Phase.AWAITING_PAYMENT and patience:
            patience -= 1
            if dice.random() < 0.08:
                world.tap(intents.Cancel)
            elif world.loop.state.accepting:
                world.insert(dice.choice(FACES))
            else:
                break

    def _go_away(self) -> None:
        """What a resident, or time, does until the machine is free again."""
        for _ in range(12):
            world = self.world
            if world.phase is Phase.AWAITING_PAYMENT:
                world.tap(intents.Cancel)
            if world.phase in (Phase.OFFERING_BACK, Phase.IN_TROUBLE):
                world.tap(intents.GiveBack)
            world.take_all()
            if world.phase in (Phase.IDLE, Phase.OUT_OF_SERVICE):
                return
            world.tap(intents.Next)
            world.tap(intents.Cancel)
            if world.phase not in (Phase.IDLE, Phase.OUT_OF_SERVICE):
                world.time_out("stage")
        raise AssertionError(f"nobody can leave {self.world.phase}")

    def _break_something(self) -> None:
        physics, dice = self.world.physics, self.dice
        unit = dice.choice(HOPPERS).device
        what = dice.random()
        if what < 0.03:
            physics.jammed.add(unit)
        elif what < 0.06:
            physics.lose_replies.add(unit)
        elif what < 0.08:
            physics.deaf[unit] = 1
        elif what < 0.11:
            physics.print_outcome = ports.Outcome.UNKNOWN
        elif what < 0.14:
            physics.print_outcome = ports.Outcome.REFUSED

    def _mend(self) -> None:
        physics = self.world.physics
        physics.jammed.clear()
        physics.lose_replies.clear()
        physics.deaf.clear()
        physics.print_outcome = ports.Outcome.CONFIRMED

    def _reborn(self) -> None:
        self.tally.deaths += 1
        was = self.world
        self.world = World(was.records, was.physics, base=self.base).boot()

    # --- staff

    def day(self) -> None:
        for _ in range(DAY):
            self.visit()
            if self.dice.random() < 0.02:
                self.settle()
                self.refill()
        self.settle()
        self.refill()
        self._close()

    def act(self, intent: intents.StaffIntent) -> None:
        answer = ask(self.world, OFFICER, intent)
        assert answer.refusal is None, (intent, answer.refusal)

    def settle(self) -> None:
        """Each doubt ends as it truly was; slips are paid; incidents are looked at."""
        ledger, physics = self.world.ledger, self.world.physics
        for doubt in list(ledger.doubts.values()):
            paid = physics.ops.get(doubt.op, 0)
            self.act(intents.SettlePayout(op=doubt.op, pieces=paid, reason="counted"))
        for account in list(self.world.ledger.accounts.values()):
            for line in account.lines.values():
                if line.print_outcome in ("unknown", "partial") and not line.is_resolved:
                    came_out = any(line.serial.encode() in each for each in physics.printed)
                    self.act(intents.SettlePaper(line=line.line, came_out=came_out, reason="looked"))
        for slip in list(self.world.ledger.slips.values()):
            if slip.amount and not slip.doubtful:
                self.redeemed += slip.amount.value
                self.act(intents.RedeemSlip(slip=slip.slip))
        for incident in list(self.world.ledger.incidents):
            self.act(intents.CloseIncident(incident=incident, reason="seen"))
        assert not self.world.ledger.doubts and not self.world.ledger.accounts

    def refill(self) -> None:
        """Collect down to the float, or fill up to it; every other time it is counted first."""
        physics, counts_all = self.world.physics, self.dice.random() < 0.5
        for purpose in ("collect", "replenish"):
            units = []
            for hopper in HOPPERS:
                there = physics.units[hopper.device]
                out, into = max(0, there - FILL), max(0, FILL - there)
                pieces = {"taken_out": out} if purpose == "collect" else {"put_in": into}
                if not any(pieces.values()):
                    continue
                is_counted = counts_all or not self.world.ledger.units[hopper.device].is_exact
                units.append(moved(hopper.device, counted=there if is_counted else None, **pieces))
                physics.units[hopper.device] += pieces.get("put_in", 0) - pieces.get("taken_out", 0)
                value = hopper.denomination.face.value
                self.tally.put_in += value * pieces.get("put_in", 0)
                self.tally.taken_out += value * pieces.get("taken_out", 0)
            if units:
                number = start(self.world, purpose, *(each.unit for each in units))
                self.act(intents.EndExchange(exchange=number, units=tuple(units)))

    def _close(self) -> None:
        self.act(intents.CloseDay())
        self.tally.days += 1
        self._compare()
        self.tally.records += len(self.world.records)
        self.base = self.world.ledger
        world = self.world
        world.physics.printed.clear()
        world.physics.ops.clear()
        self.world = World([], world.physics, base=self.base).boot()

    def _compare(self) -> None:
        """Truth, ledger and the day's sheet."""
        world = self.world
        ledger, physics = world.ledger, world.physics
        assert imbalances(ledger) == ()
        world.check()
        inside = sum(h.denomination.face.value * physics.units[h.device] for h in HOPPERS)
        assert ledger.in_units.value == inside
        assert ledger.difference == Yen(0), "no count found what the books did not know"
        entries = [
            Entry(at, "2026-11-30T14:30:00+00:00", record)
            for at, record in enumerate(world.records, self.base.seq + 1)
        ]
        day, rest = days(entries, self.base)
        assert day.after == ledger and not rest.entries
        booked = Counter[str]()
        for record in world.records:
            if isinstance(record, r.LineBooked):
                booked[record.kind] += record.fee.value
        printed = {e.kind: e.amount.value for e in receipts_of(day.before.totals, day.after.totals)}
        assert printed == dict(booked)
        assert day_sheet(day, TOWN).tables[0].rows[-1][3].replace(",", "") == str(sum(booked.values()))
        self.tally.receipts += booked

    def end(self) -> None:
        """¥0: all that residents put in is a fee, was given back, or was paid by the counter; all that staff put in and
        did not take out again lies in the units."""
        ledger, physics = self.world.ledger, self.world.physics
        given = sum(face.face.value for face in physics.tray)
        fees = sum(self.tally.receipts.values())
        left = ledger.held + ledger.owed + ledger.in_doubt + ledger.unassigned.total
        assert physics.inserted.value == given + fees + self.redeemed + left.value
        loaded = 20 * sum(face.face.value for face in FACES)
        inside = sum(h.denomination.face.value * physics.units[h.device] for h in HOPPERS)
        staffs = loaded + self.tally.put_in - self.tally.taken_out
        assert inside == staffs + physics.inserted.value - given
        assert ledger.totals.cash_in == physics.inserted
        assert ledger.totals.receipts_cash.value == fees
        assert ledger.totals.redeemed.value == self.redeemed
