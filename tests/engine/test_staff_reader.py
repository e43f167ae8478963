"""A second reader, for staff: nothing that is laid there ever reaches a resident's visit or card."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kiosk import intents as i
from kiosk import ports
from kiosk.engine import desk, fleet, remedies
from kiosk.engine.state import Phase
from kiosk.ids import DeviceId, OpId, SlotId
from kiosk.journal import records as r
from kiosk.view import EnterPin, PlaceCard, StaffDesk, StaffNote, StaffPin
from tests.engine.staff_world import StaffWorld
from tests.engine.world import SETUP

STAFF = DeviceId("staffcard")
TWO = replace(SETUP, staff_reader=STAFF)


@pytest.fixture
def world() -> StaffWorld:
    return StaffWorld(setup=TWO).boot()


def to(world: StaffWorld, device: DeviceId) -> list[str]:
    """Names of the commands that this reader was given."""
    return [type(each).__name__ for each in world.commands if getattr(each, "device", "") == device]


def test_the_whole_login_happens_at_the_staffs_reader(world: StaffWorld) -> None:
    world.lay("officer")
    assert isinstance(world.view.body, StaffPin)
    world.staff_pin()
    assert world.view.body == StaffNote("back", is_card_there=True)
    world.take_staff_card()
    assert isinstance(world.view.body, StaffDesk)
    assert to(world, STAFF) == ["OpenPinSlot", "SignChallenge", "EndCardSession"]
    assert to(world, TWO.card_reader) == []
    world.tap(i.Cancel)
    assert world.phase is Phase.IDLE


def test_a_staff_card_still_opens_the_desk_at_the_residents_reader(world: StaffWorld) -> None:
    world.at = TWO.card_reader
    world.login("officer")
    assert isinstance(world.view.body, StaffDesk) and to(world, STAFF) == []


PLACES = ("begin", "pin", "choose", "pay")


def reach(world: StaffWorld, place: str) -> None:
    match place:
        case "begin":
            world.tap(i.Begin)
            assert isinstance(world.view.body, PlaceCard)
        case "pin":
            world.tap(i.Begin)
            world.card()
            assert isinstance(world.view.body, EnterPin)
        case "choose":
            world.until_choose()
        case "pay":
            world.until_pay()


NOISE = (
    ports.CardInserted(STAFF),
    ports.CardRead(STAFF, ports.CardKind.MY_NUMBER, b"c", "f", 3),
    ports.CardUnreadable(STAFF, "mute"),
    ports.CertificateRead(STAFF, b"c", "f"),
    ports.PinSlotOpened(STAFF, SlotId("0" * 32), 3, 4, 4),
    ports.PinSlotClosed(STAFF, SlotId("0" * 32)),
    ports.DigitsEntered(STAFF, SlotId("0" * 32), 4),
    ports.PinAccepted(STAFF),
    ports.PinRejected(STAFF, 2),
    ports.PinBlocked(STAFF),
    ports.ChallengeSigned(STAFF, OpId("0" * 32), b"s", "f"),
    ports.CardFailed(STAFF, "protocol"),
    ports.CardRemoved(STAFF),
    ports.DeviceLost(STAFF, "no-reader"),
)


@pytest.mark.parametrize("place", PLACES)
def test_nothing_that_the_staffs_reader_says_reaches_a_visit(world: StaffWorld, place: str) -> None:
    """Each event of a card, and the loss of the reader; then the visit goes on with the card that is still in."""
    reach(world, place)
    before, said = world.view, len(world.records)
    card = world.loop.state.card_is_present
    for event in NOISE:
        world.event(event)
        assert (world.view.body, world.view.step) == (before.body, before.step), event
        assert world.loop.state.card_is_present is card, event
    assert len(world.records) == said
    assert to(world, TWO.card_reader).count("EndCardSession") == (1 if place in ("choose", "pay") else 0)
    if place == "pin":
        world.event(ports.PinAccepted(TWO.card_reader))
        assert not isinstance(world.view.body, EnterPin)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["officer", "technician", "stranger"])
def test_a_staff_card_in_a_visit_reveals_nothing_and_the_residents_card_stays(
    world: StaffWorld, place: str, name: str
) -> None:
    reach(world, place)
    before = world.view
    world.lay(name)
    assert (world.view.body, world.view.step) == (before.body, before.step)
    assert to(world, STAFF) == ["EndCardSession"], "it gets no power, and no PIN is asked"
    world.take_staff_card()
    assert (world.view.body, world.view.step) == (before.body, before.step)
    assert not any(isinstance(each, r.StaffEntered | r.StaffRefused) for each in world.records)


def test_a_badge_helps_while_the_residents_card_is_in(world: StaffWorld) -> None:
    """With one reader there is no place for it then."""
    reach(world, "pin")
    body = world.view.body
    world.touch("assistant")
    assert world.view.is_helped and world.view.is_helper_here and world.view.body == body
    world.touch("assistant")
    assert not world.view.is_helped and world.view.body == body


def test_two_cards_at_once_are_one_login_after_the_other(world: StaffWorld) -> None:
    world.lay("officer")
    slot = world.view.body
    world.at = TWO.card_reader
    world.lay("technician")
    assert world.view.body == slot and to(world, TWO.card_reader) == ["EndCardSession"]
    world.take_staff_card()
    assert world.view.body == slot, "the other reader's card is nobody's end"
    world.at = STAFF
    world.lay("officer")
    world.staff_pin()
    world.take_staff_card()
    assert isinstance(world.view.body, StaffDesk) and world.view.body.who == "officer"


def test_a_residents_card_at_the_staffs_reader_begins_no_visit(world: StaffWorld) -> None:
    world.event(ports.CardInserted(STAFF))
    world.event(ports.CardRead(STAFF, ports.CardKind.MY_NUMBER, b"c", "f", 3))
    assert world.phase is Phase.IDLE and to(world, STAFF) == ["EndCardSession"]
    world.event(ports.CardRemoved(STAFF))
    assert world.phase is Phase.IDLE


def test_a_staffs_reader_that_is_away_stops_nobody_and_is_told(world: StaffWorld) -> None:
    world.lay("officer")
    world.event(ports.DeviceLost(STAFF, "no-reader"))
    assert world.phase is Phase.IDLE, "the login ended with its reader, and the machine serves"
    assert remedies.Fault("C-101", STAFF) in remedies.faults(world.loop.state)
    assert f"{STAFF} away" in fleet.report(world.loop.state).troubles
    world.at = TWO.card_reader
    world.login("technician")
    assert isinstance(world.view.body, StaffDesk)


def test_a_colleague_comes_with_the_other_reader_while_a_refusal_stands(world: StaffWorld) -> None:
    world.lay("stranger")
    assert world.view.body == StaffNote("unknown", is_card_there=True)
    world.take_staff_card()
    world.at = TWO.card_reader
    world.login("technician")
    assert isinstance(world.view.body, StaffDesk)
    assert desk.is_card_in(world.loop.state) is False


def test_each_reader_is_tested_by_itself(world: StaffWorld) -> None:
    world.login("technician")
    for test, right, wrong in (("reader", TWO.card_reader, STAFF), ("staff-reader", STAFF, TWO.card_reader)):
        world.open("test", test)
        world.tap(i.RunTest, test=test)
        for reader, result in ((wrong, "running"), (right, "seen")):
            world.event(ports.CardInserted(reader))
            assert world.loop.state.desk is not None and world.loop.state.desk.result == result
            world.event(ports.CardRemoved(reader))
        world.do(i.RecordTest(test=test, has_passed=True))
        assert world.ledger.tests[test].has_passed
    world.open("test", "staff-reader")
    world.tap(i.RunTest, test="staff-reader")
    world.lay("officer")
    assert isinstance(world.view.body, StaffDesk), "a card of staff is a card like any other in this test"
    assert world.loop.state.desk is not None and world.loop.state.desk.result == "seen"
