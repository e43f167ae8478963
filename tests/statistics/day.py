"""One day of a kiosk and its town's residents in one process, with a clock that jumps from touch to touch.

The loop, the engine, the journal's records, the ledger, the acts of staff, the papers and the statistics are the
production ones; devices are played, and what each resident really did and got is counted beside the journal. At the
end both are compared: to the yen, and to the count.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from kiosk import intents, ports
from kiosk.engine.inner import Asked
from kiosk.engine.setup import Setup
from kiosk.engine.state import Phase
from kiosk.ids import DeviceId
from kiosk.journal import records as r
from kiosk.journal.ledger import imbalances
from kiosk.journal.store import open_store
from kiosk.money import NO_CASH, Cash, Denomination
from kiosk.slips import codes_of, kinds_of
from kiosk.statistics.families import quantile
from kiosk.treasury import paper as papers
from kiosk.treasury.days import Entry, days
from kiosk.treasury.sheets import day_sheet
from kiosk.treasury.words import Town
from kiosk.view import Done, Role
from tests.engine.world import CASHLESS, HOPPERS, CrashError, World
from tests.treasury.desk import OFFICER, ask

OPENS = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
"""Half past eight of a Monday in Japan."""
LONG_DAY_S = 8.75 * 3600
SETUP: Setup = replace(
    CASHLESS, languages=("ja", "en", "vi", "zh-Hans"), lamp=DeviceId("lamp1"), messenger=DeviceId("message1")
)
TOWN = Town(
    "例示市",
    "kiosk-day",
    section="市民課 1階ロビー",
    kinds=kinds_of("ja"),
    brands={"waon": "WAON"},
    codes=codes_of("ja"),
)
LANGUAGES = ("ja",) * 16 + ("en", "en", "vi", "zh-Hans")
FAILURES = (*[""] * 24, "jam", "jam", "doubt", "printer", "terminal", "death")
FACES = [hopper.denomination for hopper in HOPPERS]


class DayClock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def wall(self) -> datetime:
        return OPENS + timedelta(seconds=self.now_s - 1000.0)


@dataclass
class Truth:
    """Counted where it happened, never read from the journal."""

    visits: int = 0
    interrupted: int = 0
    papers: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    assisted: int = 0
    calls: int = 0
    answers_s: list[int] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    cashless_papers: int = 0
    redeemed: int = 0
    redeemed_cashless: int = 0
    deaths: int = 0
    given_up: Counter[tuple[str, str]] = field(default_factory=Counter)
    ratings: Counter[tuple[str, str]] = field(default_factory=Counter)


class Day:
    """`run(residents)`, then everything can be compared, written and read."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.mood = random.Random(seed)
        self.truth = Truth()
        self.clock = DayClock()
        self.entries: list[Entry] = []
        self.seen = 0
        self.world = self._born(World(setup=SETUP))
        self.world.boot()

    # --- the machine

    def _born(self, world: World) -> World:
        """On the day's clock; each record with the time at which it was written."""
        world.clock = world.loop._clock = self.clock  # type: ignore[assignment]
        append = world.journal.append

        def timed(records: list[r.AnyRecord]) -> list[int]:
            try:
                return append(records)
            finally:
                self._note_new(world)

        world.journal.append = timed
        self._note_new(world)
        return world

    def _note_new(self, world: World) -> None:
        for record in world.records[self.seen :]:
            self.seen += 1
            self.entries.append(Entry(self.seen, self.clock.wall().isoformat(), record))

    def _reborn(self) -> None:
        self.truth.deaths += 1
        was = self.world
        self.clock.now_s += 20
        self.world = self._born(World(was.records, was.physics, SETUP))
        self.world.boot()

    # --- people

    def run(self, residents: int) -> None:
        gap_s = LONG_DAY_S / residents
        self.act(intents.EnterStaff())
        for number in range(residents):
            starts_s = 1000.0 + number * gap_s
            self.clock.now_s = max(self.clock.now_s, starts_s)
            self.visit()
            if number % 25 == 24:
                self.settle()
                self.refill()
        self.settle()
        self.refill()
        self.act(intents.CloseDay())

    def visit(self) -> None:
        dice, truth = self.dice, self.truth
        truth.visits += 1
        failure = dice.choice(FAILURES)
        language = dice.choice(LANGUAGES)
        if failure == "death":
            self.world.journal.die_at = self.world.journal.appends + dice.randint(2, 12)
        before = self._papers()
        try:
            self._visit(language, failure)
        except CrashError:
            truth.failures["death"] += 1
            self.world.journal.die_at = None
            self._reborn()
            self._go_away()
            self._count(before, language, was_cut=True)
            return
        self.world.journal.die_at = None
        self._mend()
        self._go_away()
        self._count(before, language)

    def _papers(self) -> tuple[int, int]:
        ends = sum(isinstance(each.record, r.VisitEnded) for each in self.entries)
        return len(self.world.physics.printed), ends

    def _count(self, before: tuple[int, int], language: str, *, was_cut: bool = False) -> None:
        """A visit that died before it had any money leaves no record: nobody knows of it but this count."""
        told = self._papers()[1] - before[1]
        assert told == 1 or (was_cut and told == 0), (told, was_cut)
        if told:
            end: Any = next(
                each.record for each in reversed(self.entries) if isinstance(each.record, r.VisitEnded)
            )
            self.truth.languages["" if was_cut else language] += end.end != "interrupted" or was_cut
        else:
            self.truth.interrupted += 1

    def _wait(self, least: float, most: float) -> None:
        self.clock.now_s += round(self.dice.uniform(least, most), 1)

    def _assist(self, wish: type[intents.Intent], **fields: Any) -> None:
        self.world.event(Asked(Role.ASSISTANT, wish(step=self.world.loop.state.step, **fields)))

    def _visit(self, language: str, failure: str) -> None:
        world, dice, truth = self.world, self.dice, self.truth
        world.tap(intents.ChooseLanguage, language=language)
        if dice.random() < 0.1:
            world.tap(intents.SetTextSize, size="L")
        self._wait(3, 15)
        what = dice.random()
        if what < 0.04:
            return self._leave("card")
        if what < 0.08:
            return self._wrong_card()
        world.card()
        self._wait(5, 25)
        if dice.random() < 0.1:
            world.pin(right=False, left=2)
            self._wait(5, 20)
        world.pin()
        world.take_card()
        is_assisted = dice.random() < 0.2
        if is_assisted:
            self._call_and_help()
        self._wait(5, 40)
        if dice.random() < 0.05:
            return self._leave("kinds")
        kind = dice.choice(["juminhyo"] * 3 + ["inkan_shomei"])
        copies = dice.choice([1, 1, 1, 2])
        if is_assisted:
            self._assist(intents.SetCopies, kind=kind, copies=copies)
        else:
            world.tap(intents.SetCopies, kind=kind, copies=copies)
        world.tap(intents.Next)
        if world.phase is Phase.CHOOSING_OPTIONS:
            self._wait(3, 20)
            world.tap(intents.Next)
        self._wait(4, 15)
        self._break(failure)
        world.tap(intents.Next)
        self._wait(2, 6)
        self._pay(failure)
        self._wait(5, 25)
        truth.assisted += is_assisted
        return None

    def _call_and_help(self) -> None:
        world, truth = self.world, self.truth
        self._wait(1, 5)
        world.tap(intents.CallStaff)
        truth.calls += 1
        began_s = self.clock.now_s
        self._wait(5, 90)
        self._assist(intents.AnswerCall)
        truth.answers_s.append(int(self.clock.now_s - began_s))
        self._wait(5, 60)
        self._assist(intents.BeginHelp)

    def _leave(self, step: str) -> None:
        if self.dice.random() < 0.5:
            self.world.tap(intents.Cancel)
            self.truth.given_up[step, "left"] += 1
        else:
            self._time_out()
            self.truth.given_up[step, "nobody"] += 1

    def _time_out(self) -> None:
        timeouts = SETUP.timeouts
        self.clock.now_s += timeouts.idle_s
        self.world.time_out("idle")
        self.clock.now_s += timeouts.answer_s
        self.world.time_out("answer")

    def _wrong_card(self) -> None:
        reader = self.world.setup.card_reader
        self.world.event(ports.CardInserted(reader))
        self.world.event(ports.CardUnreadable(reader, "not-ours"))
        self.truth.given_up["card", "refused"] += 1
        self._wait(5, 15)
        self.world.event(ports.CardRemoved(reader))

    def _break(self, failure: str) -> None:
        physics = self.world.physics
        if failure == "jam":
            physics.jammed.add(self.dice.choice(HOPPERS).device)
        elif failure == "printer":
            physics.print_outcome = ports.Outcome.REFUSED
        elif failure == "doubt":
            physics.print_outcome = ports.Outcome.UNKNOWN
        elif failure == "terminal":
            physics.terminals.next_payments = ["declined"]
        if failure and failure != "death":
            self.truth.failures[failure] += 1

    def _pay(self, failure: str) -> None:
        world, dice = self.world, self.dice
        if failure == "terminal" or dice.random() < 0.2:
            world.tap(intents.ChooseMeans, means="waon")
            if world.phase is not Phase.CHOOSING_MEANS:
                return
            self._wait(2, 10)
        world.tap(intents.ChooseMeans, means="cash")
        for _ in range(12):
            if world.phase is not Phase.AWAITING_PAYMENT:
                return
            self._wait(1, 5)
            if dice.random() < 0.02:
                world.tap(intents.Cancel)
                return
            faces = [face for face in FACES[2:] if face in (world.loop.state.accepting or ())] or FACES
            world.insert(dice.choice(faces))

    def _rate(self) -> None:
        """Two touches on the last screen, by most of those who came so far."""
        if self.mood.random() < 0.2:
            return
        for question, answers in (
            ("ease", ("good", "good", "fair", "poor")),
            ("alone", ("yes", "yes", "no")),
        ):
            body = self.world.view.body
            if isinstance(body, Done) and body.question == question:
                answer = self.mood.choice(answers)
                self.world.tap(intents.Rate, question=question, answer=answer)
                self.truth.ratings[question, answer] += 1

    def _mend(self) -> None:
        physics = self.world.physics
        physics.jammed.clear()
        physics.print_outcome = ports.Outcome.CONFIRMED
        physics.terminals.next_payments = []

    def _go_away(self) -> None:
        """Until the machine is free for the next: what a resident, the printer, or time does."""
        self._mend()
        for _ in range(16):
            world = self.world
            if world.phase is Phase.AWAITING_PRINTER:
                world.event(ports.PrinterRead(world.setup.certificate_printer, True, ()))
            if world.phase in (Phase.AWAITING_PAYMENT, Phase.CHOOSING_MEANS):
                world.tap(intents.Cancel)
            if world.phase in (Phase.OFFERING_BACK, Phase.IN_TROUBLE):
                world.tap(intents.GiveBack)
            world.take_all()
            self._rate()
            if world.phase in (Phase.IDLE, Phase.OUT_OF_SERVICE) and world.loop.state.session is None:
                return
            self._wait(2, 6)
            world.tap(intents.Next)
            world.tap(intents.Cancel)
            if world.loop.state.session is not None:
                world.take_card()
                world.time_out("stage")
        raise AssertionError(f"nobody can leave {self.world.phase}")

    # --- staff

    def act(self, intent: intents.StaffIntent) -> None:
        answer = ask(self.world, OFFICER, intent)
        assert answer.refusal is None, (intent, answer.refusal)

    def settle(self) -> None:
        """Each doubt ends as it truly was; slips are paid at the counter; incidents are looked at."""
        physics = self.world.physics
        for doubt in list(self.world.ledger.doubts.values()):
            paid = physics.ops.get(doubt.op, 0)
            self.act(intents.SettlePayout(op=doubt.op, pieces=paid, reason="counted"))
        for account in list(self.world.ledger.accounts.values()):
            for line in account.lines.values():
                if line.print_outcome in ("unknown", "partial") and not line.is_resolved:
                    came_out = any(line.serial.encode() in each for each in physics.printed)
                    self.act(intents.SettlePaper(line=line.line, came_out=came_out, reason="looked"))
        for slip in list(self.world.ledger.slips.values()):
            if slip.amount and not slip.doubtful:
                if slip.means == "cash":
                    self.truth.redeemed += slip.amount.value
                else:
                    self.truth.redeemed_cashless += slip.amount.value
                self.act(intents.RedeemSlip(slip=slip.slip))
        for incident in list(self.world.ledger.incidents):
            self.act(intents.CloseIncident(incident=incident, reason="seen"))

    def refill(self) -> None:
        """Down to the float, or up to it."""
        physics = self.world.physics
        for purpose in ("collect", "replenish"):
            units = []
            for hopper in HOPPERS:
                there = physics.units[hopper.device]
                put_in = max(0, 40 - there) if purpose == "replenish" else 0
                taken_out = max(0, there - 40) if purpose == "collect" else 0
                if put_in or taken_out:
                    is_exact = self.world.ledger.units[hopper.device].is_exact
                    units.append(_moved(hopper.device, there, put_in, taken_out, is_counted=not is_exact))
                    physics.units[hopper.device] += put_in - taken_out
            if units:
                number = ask(
                    self.world,
                    OFFICER,
                    intents.StartExchange(purpose=purpose, units=tuple(each.unit for each in units)),
                )
                assert number.refusal is None, number.refusal
                exchange = self.world.ledger.exchange
                assert exchange is not None
                self.act(intents.EndExchange(exchange=exchange.exchange, units=tuple(units)))

    # --- the end of it

    def compare_money(self) -> None:
        """To the yen: what residents put in is a fee, was given back, or was paid at the counter."""
        ledger, physics = self.world.ledger, self.world.physics
        assert imbalances(ledger) == ()
        self.world.check()
        given = sum(face.face.value for face in physics.tray)
        left = ledger.held + ledger.owed + ledger.in_doubt + ledger.unassigned.total
        cash_fees = ledger.totals.receipts_cash.value
        assert physics.inserted.value == given + cash_fees + self.truth.redeemed + left.value
        assert left.value == 0, "the day is closed: nothing is anybody's but the town's"
        inside = sum(h.denomination.face.value * physics.units[h.device] for h in HOPPERS)
        assert ledger.in_units.value == inside
        cashless = sum(
            each.record.fee.value
            for each in self.entries
            if isinstance(each.record, r.LineBooked) and each.record.means != "cash"
        )
        assert physics.terminals.taken.value == cashless + self.truth.redeemed_cashless

    def write_journal(self, path: Path) -> None:
        """The same records in a real journal, each at its time."""
        clock = DayClock()
        with closing(open_store(path, clock=clock, boot="day")) as store:
            batch: list[r.AnyRecord] = []
            wall = self.entries[0].wall
            for entry in [*self.entries, None]:
                if entry is None or entry.wall != wall:
                    clock.now_s = 1000.0 + (datetime.fromisoformat(wall) - OPENS).total_seconds()
                    store.append(batch)
                    batch = []
                if entry is not None:
                    wall = entry.wall
                    batch.append(entry.record)

    def sheet(self) -> papers.Paper:
        """日計表 of the day."""
        return day_sheet(next(iter(days(self.entries))), TOWN)

    def words(self) -> str:
        """What happened, in a few lines, from the truth."""
        truth = self.truth
        answers = [float(each) for each in truth.answers_s]
        lines = [
            f"{truth.visits} residents; {truth.deaths} deaths of the core; failures: {dict(truth.failures)}",
            f"given up: { {' '.join(key): count for key, count in sorted(truth.given_up.items())} }",
            f"calls: {truth.calls}, answered after {quantile(answers, 0.5):.0f} s (median)",
            f"paid at the counter against slips: ¥{truth.redeemed:,}, of cashless ¥{truth.redeemed_cashless:,}",
        ]
        return "\n".join(lines)


def _moved(unit: DeviceId, there: int, put_in: int, taken_out: int, *, is_counted: bool) -> r.UnitAfter:
    face = Denomination(f"coin{unit.removeprefix('hopper')}")

    def pieces(number: int) -> Cash:
        return Cash({face: number}) if number else NO_CASH

    return r.UnitAfter(unit, pieces(there) if is_counted else None, pieces(put_in), pieces(taken_out))


def japan_day() -> date:
    return (OPENS + timedelta(hours=9)).date()
