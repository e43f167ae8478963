"""Two certificate printers: the spare takes over, and no paper comes out twice or goes unsaid."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kiosk import intents, ports
from kiosk.engine import fleet
from kiosk.engine.state import Phase
from kiosk.ids import DeviceId
from kiosk.journal import records
from kiosk.money import Denomination, Yen
from kiosk.view import Assisted, Role
from tests.engine.world import CASHLESS, SETUP, World

FIRST, SPARE = SETUP.certificate_printer, DeviceId("certificate2")
TWO = replace(SETUP, spare_printer=SPARE)
REFUSED, UNKNOWN = ports.Outcome.REFUSED, ports.Outcome.UNKNOWN
TWO_SIDED = "two-sided-long-edge"


@pytest.fixture
def world() -> World:
    return World(setup=TWO).boot()


def _pay(world: World, copies: int = 1) -> None:
    for _ in range(2 * copies):
        assert world.insert(Denomination.COIN100)


def _jobs(world: World) -> list[str]:
    return [each.device for each in world.commands if isinstance(each, ports.PrintDocument)]


def test_while_both_stand_the_first_prints(world: World) -> None:
    world.until_pay()
    _pay(world)
    assert world.physics.printed_by == [FIRST]


def test_a_first_printer_that_is_out_leaves_the_machine_open_and_the_spare_prints(world: World) -> None:
    world.event(world.printer_read(FIRST, "media-empty"))
    assert world.phase is Phase.IDLE
    world.until_pay()
    _pay(world)
    assert world.physics.printed_by == [SPARE]
    world.take_all()
    world.time_out("stage")
    world.event(ports.DeviceLost(FIRST, "no-answer"))
    world.event(world.printer_read(SPARE, "media-jam"))
    assert world.phase is Phase.OUT_OF_SERVICE
    assert world.view.body.code == "R-502"
    world.event(world.printer_read(SPARE))
    world.until_pay()
    _pay(world)
    assert world.physics.printed_by == [SPARE, SPARE]
    world.check()


def test_a_print_that_is_refused_goes_to_the_spare_at_once(world: World) -> None:
    """It ran empty after the money was taken: proven not begun, and the resident waits for nobody."""
    world.physics.outcome_of[FIRST] = REFUSED
    world.until_pay(copies=2)
    _pay(world, 2)
    assert world.phase is Phase.TAKING_THINGS
    assert _jobs(world) == [FIRST, SPARE, FIRST, SPARE], (
        "the first is asked again for each paper while it says ready"
    )
    assert world.physics.printed_by == [SPARE, SPARE]
    ops = [each.op for each in world.records if isinstance(each, records.PrintIntended)]
    assert len(set(ops)) == 4
    assert [each.device for each in world.records if isinstance(each, records.PrintIntended)] == _jobs(world)
    world.check()


def test_a_print_in_doubt_goes_nowhere_else(world: World) -> None:
    """Something may lie in the first one's tray: the spare stands ready and is not asked, now or after a restart."""
    world.physics.outcome_of[FIRST] = UNKNOWN
    world.until_pay(copies=2)
    _pay(world, 2)
    assert _jobs(world) == [FIRST]
    assert any(each.code == "R-503" and each.device == FIRST for each in world.ledger.incidents.values())
    world.reboot()
    assert _jobs(world) == [FIRST]


def test_a_core_that_dies_while_the_spare_prints_doubts_the_spare(world: World) -> None:
    world.physics.outcome_of[FIRST] = REFUSED
    world.until_pay()
    world.perform_instead = {"PrintDocument"}
    _pay(world)
    first = next(each for each in world.commands if isinstance(each, ports.PrintDocument))
    world.event(ports.PrintEnded(first.op, FIRST, REFUSED, 0, "media-empty"))
    assert _jobs(world) == [FIRST, SPARE]
    reborn = world.reboot()
    assert _jobs(reborn) == []
    (incident,) = reborn.ledger.incidents.values()
    assert (incident.code, incident.device) == ("R-503", SPARE)
    reborn.check()


def test_with_both_out_the_resident_waits_and_whichever_comes_back_prints(world: World) -> None:
    world.physics.outcome_of |= {FIRST: REFUSED, SPARE: REFUSED}
    world.until_pay()
    _pay(world)
    assert (world.phase, _jobs(world)) == (Phase.AWAITING_PRINTER, [FIRST, SPARE])
    assert world.view.is_staff_called
    world.event(world.printer_read(FIRST, "media-empty"))
    world.event(world.printer_read(SPARE, "media-empty"))
    assert world.view.body.code == "R-501"
    world.physics.outcome_of.clear()
    world.event(world.printer_read(SPARE))
    assert world.physics.printed_by == [SPARE]
    world.check()


def test_two_printers_that_refuse_for_ever_give_the_money_back(world: World) -> None:
    world.physics.outcome_of |= {FIRST: REFUSED, SPARE: REFUSED}
    world.until_pay()
    _pay(world)
    for _ in range(9):
        for device in (FIRST, SPARE):
            if world.phase is Phase.AWAITING_PRINTER:
                world.event(world.printer_read(device))
    assert world.given == Yen(200)
    assert len(_jobs(world)) == 6, "three times each"
    world.check()


def test_trouble_of_the_printer_that_rests_is_not_the_residents(world: World) -> None:
    world.until_pay()
    world.perform_instead = {"PrintDocument"}
    _pay(world)
    world.event(world.printer_read(SPARE, "media-jam"))
    assert world.view.body.stage == "printing"
    assert not world.view.is_staff_called
    world.event(world.printer_read(FIRST, "media-jam"))
    assert world.view.body.code == "R-502"


def test_staff_see_what_the_machine_goes_on_without(world: World) -> None:
    def cares() -> tuple[str, ...]:
        body = world.glass.views[Role.ASSISTANT].body
        assert isinstance(body, Assisted)
        return body.cares

    assert cares() == ()
    world.event(world.printer_read(FIRST, "media-empty"))
    assert cares() == ("first-printer",)
    world.event(world.printer_read(FIRST))
    world.event(ports.DeviceLost(SPARE, "no-answer"))
    assert cares() == ("spare-printer",)
    world.event(ports.DeviceWarned(SETUP.receipt_printer, ("paper-near-end",)))
    assert world.phase is Phase.IDLE
    assert cares() == ("receipt-near-end", "spare-printer")
    report = fleet.report(world.loop.state)
    troubles, supplies = report.troubles, {(each.device, each.what): each for each in report.supplies}
    assert (SPARE, "paper") not in supplies, "who is away says nothing"
    assert supplies[SETUP.receipt_printer, "roll"].is_low and not supplies[FIRST, "toner"].is_low
    assert {f"{SPARE} away", f"{SETUP.receipt_printer} paper-near-end"} <= set(troubles)
    world.event(ports.DeviceWarned(SETUP.receipt_printer, ()))
    assert cares() == ("spare-printer",)
    for sheets, is_low in ((400, False), (fleet.LOW_SHEETS, True)):
        world.event(ports.PrinterRead(FIRST, True, (), sheets))
        paper = next(each for each in fleet.report(world.loop.state).supplies if each.what == "paper")
        assert (paper.device, paper.sheets, paper.is_low) == (FIRST, sheets, is_low)


# --- enough paper, before money


def test_a_visit_that_takes_more_paper_than_there_is_ends_before_money() -> None:
    world = World()
    world.physics.sheets[FIRST] = 1
    world.boot().until_choose()
    world.tap(intents.SetCopies, kind="juminhyo", copies=2)
    world.tap(intents.Next)
    world.tap(intents.Next)
    world.tap(intents.Next)
    assert world.view.body.code == "R-505"
    assert world.view.is_staff_called
    assert not any(isinstance(each, records.TransactionOpened) for each in world.records)
    world.tap(intents.Next)
    world.until_pay()
    _pay(world)
    assert len(world.physics.printed) == 1, "one copy has its sheet"


def test_papers_are_shared_out_between_two_printers() -> None:
    world = World(setup=TWO)
    world.physics.sheets |= {FIRST: 1, SPARE: 1}
    world.boot().until_pay(copies=2)
    world.perform_instead = {"PrintDocument"}
    _pay(world, 2)
    job = next(each for each in world.commands if isinstance(each, ports.PrintDocument))
    world.physics.sheets[FIRST] = 0
    world.perform_instead = set()
    world.event(world.printer_read(FIRST))
    world.event(ports.PrintEnded(job.op, FIRST, ports.Outcome.CONFIRMED, 1))
    assert _jobs(world) == [FIRST, SPARE]


def test_a_payment_that_may_not_come_back_hears_both_printers_first() -> None:
    world = World(setup=replace(CASHLESS, spare_printer=SPARE)).boot()
    world.until_pay()
    world.event(world.printer_read(FIRST, "media-empty"))
    world.physics.sheets |= {FIRST: 0, SPARE: 1}
    world.tap(intents.ChooseMeans, means="edy")
    asked = [each.device for each in world.commands if isinstance(each, ports.ReadPrinter)]
    assert asked[-2:] == [FIRST, SPARE]
    assert world.physics.printed_by == [SPARE]
    world.check()


def test_without_paper_nothing_is_charged() -> None:
    world = World(setup=replace(CASHLESS, spare_printer=SPARE)).boot()
    world.until_pay()
    world.physics.sheets |= {FIRST: 0, SPARE: 0}
    world.tap(intents.ChooseMeans, means="edy")
    assert not world.physics.terminals.payments
    assert world.view.body.code == "R-505"
    world.check()


# --- backs


def test_backs_are_printed_by_the_one_that_prints_them() -> None:
    world = World(setup=replace(TWO, spare_sides=TWO_SIDED)).boot()
    world.sides, world.pages = TWO_SIDED, 2
    world.until_pay()
    _pay(world)
    assert world.physics.printed_by == [SPARE]
    world.take_all()
    world.time_out("stage")
    world.event(world.printer_read(SPARE, "media-empty"))
    assert world.phase is Phase.IDLE, "the first stands, and who is to know what is wanted"
    world.until_choose()
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    for _ in range(3):
        world.tap(intents.Next)
    assert world.view.body.code == "R-502"
