"""What sensors in a printer's outlet see is a part of the proof of print: both say it, or it is a doubt."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kiosk import ports
from kiosk.engine.state import LineStage, Phase
from kiosk.ids import DeviceId
from kiosk.journal import records
from kiosk.money import Denomination
from kiosk.view import TakeThings
from tests.engine.world import SETUP, World

FIRST, SPARE, PANEL = SETUP.certificate_printer, DeviceId("certificate2"), DeviceId("panel1")
COUNTED = replace(SETUP, panel=PANEL, sheet_sensors=("certificate",))
LOOKED_AT = replace(SETUP, panel=PANEL, exit_sensors=("certificate",))
TWO = replace(
    COUNTED,
    spare_printer=SPARE,
    sheet_sensors=("certificate", "spare"),
    slots={FIRST: "left", SPARE: "right"},
)
CONFIRMED, REFUSED = ports.Outcome.CONFIRMED, ports.Outcome.REFUSED


def printing(setup: object = COUNTED, pages: int = 2, copies: int = 1) -> World:
    """Paid; the printer has the document and says nothing yet."""
    world = World(setup=setup).boot()  # type: ignore[arg-type]
    world.event(ports.DeviceArrived(PANEL, "test"))
    world.pages = pages
    world.until_pay(copies=copies)
    world.perform_instead = {"PrintDocument"}
    for _ in range(2 * copies):
        world.insert(Denomination.COIN100)
    assert world.phase is Phase.ISSUING
    return world


def jobs(world: World) -> list[ports.PrintDocument]:
    return [each for each in world.commands if isinstance(each, ports.PrintDocument)]


def ends(world: World, outcome: ports.Outcome = CONFIRMED, device: DeviceId = FIRST) -> None:
    job = jobs(world)[-1]
    world.event(ports.PrintEnded(job.op, device, outcome, job.pages if outcome is CONFIRMED else 0))


def leaves(world: World, count: int, outlet: str = "certificate") -> None:
    for _ in range(count):
        world.event(ports.SheetLeft(PANEL, outlet))


def settled(world: World) -> list[tuple[str, str]]:
    found = [each for each in world.records if isinstance(each, records.PrintSettled)]
    return [(each.outcome, each.code) for each in found]


def booked(world: World) -> int:
    return sum(isinstance(each, records.LineBooked) for each in world.records)


def in_doubt(world: World, code: str) -> None:
    """Nothing booked, nothing printed again now or after a restart, staff called, the fee held."""
    assert settled(world)[-1] == ("unknown", code)
    assert booked(world) == 0
    assert any(each.code == "R-503" for each in world.ledger.incidents.values())
    assert world.view.is_staff_called
    before = len(jobs(world))
    assert jobs(world.reboot()) == []
    assert len(jobs(world)) == before
    world.check()


@pytest.mark.parametrize("order", ["sheets-first", "printer-first", "between"])
def test_paper_is_out_when_printer_and_sensor_both_say_so(order: str) -> None:
    world = printing()
    before = {"sheets-first": 2, "between": 1}.get(order, 0)
    leaves(world, before)
    ends(world)
    assert booked(world) == (before == 2)
    leaves(world, 2 - before)
    assert settled(world) == [("confirmed", "")]
    assert booked(world) == 1
    assert world.phase is Phase.TAKING_THINGS
    world.check()


def test_a_sheet_that_never_came_is_a_doubt() -> None:
    world = printing()
    leaves(world, 1)
    ends(world)
    assert settled(world) == []
    world.time_out("exit")
    in_doubt(world, "exit-short")


def test_a_sheet_too_many_is_a_doubt() -> None:
    world = printing()
    leaves(world, 3)
    ends(world)
    in_doubt(world, "exit-over")


def test_what_the_printer_refused_and_the_sensor_saw_is_never_printed_again() -> None:
    """REFUSED alone would go to the spare at once."""
    world = printing(TWO)
    leaves(world, 1)
    ends(world, REFUSED)
    assert [each.device for each in jobs(world)] == [FIRST]
    in_doubt(world, "exit-seen")


def test_a_refusal_without_a_sheet_goes_to_the_spare_and_its_own_outlet_counts() -> None:
    world = printing(TWO)
    ends(world, REFUSED)
    assert [each.device for each in jobs(world)] == [FIRST, SPARE]
    leaves(world, 2, "spare")
    ends(world, device=SPARE)
    assert settled(world) == [("refused", ""), ("confirmed", "")]
    body = world.view.body
    assert isinstance(body, TakeThings)
    assert [(each.thing, each.slot) for each in body.things if each.sheets] == [("spare", "right")]


def test_each_try_counts_for_itself() -> None:
    """Two copies, one sheet each: what left for the first one is no evidence for the second."""
    world = printing(pages=1, copies=2)
    leaves(world, 1)
    ends(world)
    assert (booked(world), len(jobs(world))) == (1, 2)
    ends(world)
    assert booked(world) == 1
    leaves(world, 1)
    assert booked(world) == 2


def test_a_sheet_that_nobody_asked_for_is_an_incident_once() -> None:
    world = World(setup=COUNTED).boot()
    world.event(ports.DeviceArrived(PANEL, "test"))
    leaves(world, 3)
    (incident,) = (each for each in world.records if isinstance(each, records.IncidentOpened))
    assert (incident.code, incident.device, incident.facts) == ("R-503", FIRST, (("exit", "unasked"),))
    assert world.view.is_staff_called


def test_a_tray_that_filled_proves_something_and_one_that_stayed_empty_is_a_doubt() -> None:
    world = printing(LOOKED_AT)
    world.event(ports.TrayFilled(PANEL, "certificate"))
    ends(world)
    assert settled(world) == [("confirmed", "")]
    empty = printing(LOOKED_AT)
    ends(empty)
    assert settled(empty) == []
    empty.time_out("exit")
    in_doubt(empty, "exit-empty")


def test_a_second_paper_falls_on_the_first() -> None:
    """The tray is full already: it says nothing new, and nothing against."""
    world = printing(LOOKED_AT, pages=1, copies=2)
    world.event(ports.TrayFilled(PANEL, "certificate"))
    ends(world)
    ends(world)
    assert booked(world) == 2
    assert world.phase is Phase.TAKING_THINGS


def test_something_in_the_tray_after_a_refusal_is_a_doubt() -> None:
    world = printing(LOOKED_AT)
    world.event(ports.TrayFilled(PANEL, "certificate"))
    ends(world, REFUSED)
    in_doubt(world, "exit-seen")


@pytest.mark.parametrize("comes_back", [True, False])
def test_sensors_that_were_away_are_no_evidence_and_the_journal_says_so(comes_back: bool) -> None:
    world = printing()
    leaves(world, 1)
    world.event(ports.DeviceLost(PANEL, "no-answer"))
    if comes_back:
        world.event(ports.DeviceArrived(PANEL, "test"))
    ends(world)
    assert settled(world) == [("confirmed", "exit-away")]
    assert booked(world) == 1


def test_sensors_that_go_while_a_sheet_is_waited_for_end_the_wait() -> None:
    world = printing()
    ends(world)
    assert settled(world) == []
    world.event(ports.DeviceLost(PANEL, "no-answer"))
    assert settled(world) == [("confirmed", "exit-away")]


def test_a_core_that_dies_while_it_waits_for_the_last_sheet_doubts() -> None:
    world = printing()
    leaves(world, 1)
    ends(world)
    reborn = world.reboot()
    assert jobs(reborn) == []
    assert any(each.code == "R-503" for each in reborn.ledger.incidents.values())
    assert booked(world) == 0
    reborn.check()


def test_without_a_sensor_the_printers_word_is_the_proof() -> None:
    world = printing(SETUP)
    ends(world)
    assert settled(world) == [("confirmed", "")]
    assert all(line.stage is LineStage.PRINTED for line in world.loop.state.session.lines)  # type: ignore[union-attr]


def test_two_papers_by_two_printers_are_two_things_to_take() -> None:
    world = printing(TWO, pages=1, copies=2)
    leaves(world, 1)
    ends(world)
    ends(world, REFUSED)
    leaves(world, 1, "spare")
    ends(world, device=SPARE)
    body = world.view.body
    assert isinstance(body, TakeThings)
    found = [(each.thing, each.slot, each.sheets) for each in body.things if each.sheets]
    assert found == [("certificate", "left", 1), ("spare", "right", 1)]
