"""Which certificate for what, what is said before it is ordered, who is there, two taps at the end, and the alarm."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from kiosk import intents, ports
from kiosk.engine.setup import Setup
from kiosk.engine.state import Phase
from kiosk.guidance import Announcement, Guidance, StaffHours
from kiosk.ids import DeviceId
from kiosk.journal.records import EmergencySeen, Rated, TransactionClosed
from kiosk.money import Denomination, Yen
from kiosk.view import Advice, Attract, ChooseKinds, ChooseOptions, Confirm, Done, OutOfService, TakeThings
from tests.engine.world import SETUP, World

PANEL = DeviceId("panel1")
WATCHED = replace(SETUP, panel=PANEL, exit_sensors=("certificate", "change", "receipt"))


def at_kinds(setup: Setup = SETUP) -> World:
    world = World(setup=setup).boot()
    world.tap(intents.Begin)
    world.card()
    world.pin()
    world.take_card()
    assert world.phase is Phase.CHOOSING_KINDS
    return world


def at_things(setup: Setup = SETUP) -> World:
    world = at_kinds(setup)
    if setup.panel:
        world.event(ports.DeviceArrived(PANEL, "test"))
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    world.tap(intents.Next)
    assert world.insert(Denomination.COIN500)
    if "certificate" in setup.exit_sensors:
        world.event(ports.TrayFilled(PANEL, "certificate"))
    assert world.phase is Phase.TAKING_THINGS
    return world


def test_a_purpose_chooses_the_certificate_and_what_is_asked_for_there() -> None:
    world = at_kinds()
    assert isinstance(world.view.body, ChooseKinds) and world.view.body.has_guide
    world.tap(intents.AskWhich)
    world.tap(intents.ChoosePurpose, purpose="licence")
    advice = world.view.body
    assert isinstance(advice, Advice)
    assert (advice.kind, advice.state, advice.fee) == ("juminhyo", "open", Yen(200))
    assert [(each.place, each.fee) for each in advice.cheaper] == [("コンビニ", Yen(10))]
    world.tap(intents.Next)
    body = world.view.body
    assert isinstance(body, ChooseKinds) and [each.copies for each in body.kinds] == [1, 0]
    world.tap(intents.Next)
    options = world.view.body
    assert isinstance(options, ChooseOptions)
    chosen = {each.option: each.chosen for each in options.questions}
    assert chosen == {"honseki": "yes", "whom": "self"}, "a choice that the server does not offer is none"


def test_what_the_machine_does_not_have_is_named_and_cannot_be_chosen() -> None:
    world = at_kinds()
    world.tap(intents.AskWhich)
    world.tap(intents.ChoosePurpose, purpose="inheritance")
    assert isinstance(world.view.body, Advice) and world.view.body.state == "counter"
    assert "Next" not in world.view.intents
    world.tap(intents.Back)
    world.tap(intents.ChoosePurpose, purpose="x")
    assert world.phase is Phase.CHOOSING_PURPOSE
    world.tap(intents.Back)
    assert world.phase is Phase.CHOOSING_KINDS
    assert not world.loop.state.session or not world.loop.state.session.copies


def test_a_town_without_purposes_offers_no_guide() -> None:
    world = at_kinds(replace(SETUP, guidance=Guidance()))
    assert isinstance(world.view.body, ChooseKinds) and not world.view.body.has_guide
    assert "AskWhich" not in world.view.intents


def test_cheaper_elsewhere_stands_before_the_order_is_confirmed() -> None:
    world = at_kinds()
    world.tap(intents.SetCopies, kind="juminhyo", copies=2)
    world.tap(intents.Next)
    world.tap(intents.Next)
    body = world.view.body
    assert isinstance(body, Confirm)
    assert [(each.kind, each.fee) for each in body.cheaper] == [("juminhyo", Yen(10))]


def test_two_taps_are_counted_without_a_person() -> None:
    world = at_things()
    world.take_all()
    assert world.view.body == Done(question="ease")
    world.tap(intents.Rate, question="alone", answer="yes")  # not what is asked
    world.tap(intents.Rate, question="ease", answer="rubbish")
    world.tap(intents.Rate, question="ease", answer="good")
    assert world.view.body == Done(question="alone")
    world.tap(intents.Rate, question="alone", answer="no")
    assert world.view.body == Done(is_rated=True)
    assert "Rate" not in world.view.intents
    found = [each for each in world.records if isinstance(each, Rated)]
    assert found == [Rated("ease", "good"), Rated("alone", "no")]
    world.tap(intents.Next)
    assert world.phase is Phase.IDLE


def test_sensors_say_what_was_taken_and_no_touch_is_asked_for() -> None:
    world = at_things(WATCHED)
    for thing in ("certificate", "receipt", "change"):
        world.event(ports.TrayFilled(PANEL, thing))
    body = world.view.body
    assert isinstance(body, TakeThings) and all(each.has_sensor for each in body.things)
    assert "Taken" not in world.view.intents
    for thing in ("receipt", "change", "certificate"):
        assert world.phase is Phase.TAKING_THINGS
        world.event(ports.PaperTaken(PANEL, thing))
    assert world.phase is Phase.FINISHED


def test_a_sensor_that_is_away_or_blind_leaves_the_touch() -> None:
    world = at_things(WATCHED)
    world.event(ports.DeviceLost(PANEL, "no-answer"))
    assert "Taken" in world.view.intents
    world.event(ports.DeviceArrived(PANEL, "test"))
    assert "Taken" not in world.view.intents
    world.time_out(
        "stage"
    )  # nobody took it, or the sensor sees nothing: staff are called, and a touch counts
    assert "Taken" in world.view.intents


def test_nobody_begins_beside_what_somebody_left_and_staff_are_called_until_it_is_gone() -> None:
    world = at_things(WATCHED)
    world.event(ports.TrayFilled(PANEL, "receipt"))
    world.time_out("stage")
    world.time_out("stage")
    assert [each.code for each in world.ledger.incidents.values()] == ["M-406"]
    world.time_out("stage")
    assert (world.phase, world.view.body.code) == (Phase.OUT_OF_SERVICE, "M-406")
    assert world.loop.state.is_staff_called
    world.event(ports.PaperTaken(PANEL, "certificate"))
    assert world.phase is Phase.IDLE, "a receipt keeps nobody away"
    assert not world.loop.state.is_staff_called
    world.event(ports.TrayFilled(PANEL, "change"))
    assert world.phase is Phase.OUT_OF_SERVICE
    world.event(ports.DeviceLost(PANEL, "no-answer"))
    assert world.phase is Phase.IDLE, "nobody says that anything lies there"


def test_the_alarm_ends_what_can_end_and_says_one_thing() -> None:
    world = at_kinds()
    world.event(ports.EmergencyBegan(PANEL))
    assert world.phase is Phase.OUT_OF_SERVICE
    assert isinstance(world.view.body, OutOfService) and world.view.body.reason == "emergency"
    assert world.view.intents == ("ChooseLanguage",)
    world.event(ports.EmergencyEnded(PANEL))
    assert world.phase is Phase.IDLE
    assert [each for each in world.records if isinstance(each, EmergencySeen)] == [
        EmergencySeen(is_on=True),
        EmergencySeen(is_on=False),
    ]


def test_the_alarm_gives_back_money_that_is_inside() -> None:
    world = at_kinds()
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    world.tap(intents.Next)
    assert world.insert(Denomination.COIN100)
    world.event(ports.EmergencyBegan(PANEL))
    assert isinstance(world.view.body, OutOfService)
    closed = [each for each in world.records if isinstance(each, TransactionClosed)]
    assert [each.result for each in closed] == ["cancelled"]
    assert world.physics.tray == [Denomination.COIN100]
    assert not world.insert(Denomination.COIN100)


@pytest.mark.parametrize("steps", range(9))
def test_the_alarm_is_heard_at_every_step_of_a_visit(steps: int) -> None:
    """Wherever somebody is: one screen, nothing to press but the language, the card free, no money kept, no record of
    anything sold; and when it is over the machine is as for everybody."""
    world = World(setup=SETUP).boot()
    acts = (
        lambda: world.tap(intents.Begin),
        world.card,
        world.pin,
        world.take_card,
        lambda: world.tap(intents.SetCopies, kind="inkan_shomei", copies=1),
        lambda: world.tap(intents.Next),
        lambda: world.tap(intents.Next),
        lambda: world.insert(Denomination.COIN100),
    )
    for act in acts[:steps]:
        act()
    world.tap(intents.SetTextSize, size="XL")
    world.event(ports.EmergencyBegan(PANEL))
    body = world.view.body
    assert isinstance(body, OutOfService) and body.reason == "emergency"
    assert set(world.view.intents) <= {"ChooseLanguage"}
    if world.loop.state.card_is_present:
        world.event(ports.CardRemoved(world.setup.card_reader))
    world.event(ports.EmergencyEnded(PANEL))
    if world.phase is Phase.TAKING_THINGS:
        world.take_all()
    assert world.phase is Phase.IDLE and world.view.text_size == "S"
    assert world.loop.state.session is None
    assert world.physics.tray == ([Denomination.COIN100] if steps == len(acts) else [])
    assert {each.result for each in world.records if isinstance(each, TransactionClosed)} <= {"cancelled"}


def test_while_a_page_is_out_the_alarm_shows_and_nothing_is_lost() -> None:
    world = at_things()
    world.event(ports.EmergencyBegan(PANEL))
    assert isinstance(world.view.body, OutOfService) and world.phase is Phase.TAKING_THINGS
    world.event(ports.EmergencyEnded(PANEL))
    assert isinstance(world.view.body, TakeThings)
    world.take_all()
    assert world.phase is Phase.FINISHED


HOURS = (StaffHours(frozenset(range(5)), 8 * 60 + 30, 17 * 60 + 15),)


@pytest.mark.parametrize(
    ("utc", "is_attended"),
    [
        (datetime(2026, 11, 20, 1, 24, tzinfo=UTC), True),  # Friday 10:24 in Japan
        (datetime(2026, 11, 19, 23, 29, tzinfo=UTC), False),  # Friday 08:29
        (datetime(2026, 11, 20, 8, 15, tzinfo=UTC), False),  # Friday 17:15
        (datetime(2026, 11, 21, 1, 24, tzinfo=UTC), False),  # Saturday
        (datetime(2026, 11, 23, 1, 24, tzinfo=UTC), False),  # a holiday of the town's list
    ],
)
def test_when_staff_are_there(utc: datetime, is_attended: bool) -> None:
    found = Guidance(staff_hours=HOURS, without_staff=("2026-11-23",))
    assert found.is_attended(utc) is is_attended
    assert Guidance().is_attended(utc)


def test_where_nobody_is_a_call_names_a_number() -> None:
    guidance = Guidance(phone="000-000-0000", staff_hours=(StaffHours(frozenset({6}), 0, 60),))
    world = at_kinds(replace(SETUP, guidance=guidance))
    assert world.view.phone == ""
    world.tap(intents.CallStaff)
    assert world.view.phone == "000-000-0000"
    world = at_kinds()
    world.tap(intents.CallStaff)
    assert world.view.phone == "", "somebody comes"


def test_the_idle_screen_has_hours_and_the_notices_of_today() -> None:
    guidance = Guidance(
        hours={"ja": "平日 8:30〜17:15"},
        announcements=(
            Announcement({"ja": "きょうまで"}, last="2026-11-20"),
            Announcement({"ja": "きのうまで"}, last="2026-11-19"),
            Announcement({"ja": "あすから"}, first="2026-11-21"),
        ),
    )
    body = World(setup=replace(SETUP, guidance=guidance)).boot().view.body
    assert isinstance(body, Attract)
    assert (body.hours, body.announcements) == ("平日 8:30〜17:15", ("きょうまで",))


def test_out_of_service_names_the_nearest_other_place() -> None:
    world = World().boot()
    world.event(ports.DeviceLost(SETUP.certificate_printer, "no-answer"))
    body = world.view.body
    assert isinstance(body, OutOfService) and body.nearest is not None and body.nearest.name == "東支所"
