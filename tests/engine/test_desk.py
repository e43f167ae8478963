"""Staff at the machine: who is let in and who is not, what they see, and that a resident never sees anything of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from drivers.simpanel.effort import SLOW, words_in
from i18n.catalogue import load
from kiosk import intents as i
from kiosk import ports
from kiosk.engine import desk, desk_pages, desk_tests, remedies, two_people
from kiosk.engine.desk_walk import PAGES
from kiosk.engine.state import Phase
from kiosk.journal import records as r
from kiosk.money import Denomination
from kiosk.treasury import words
from kiosk.view import DeskButton, EnterPin, Notice, PlaceCard, Role, StaffDesk, StaffNote, StaffPin
from tests.engine.staff_world import StaffWorld


@pytest.fixture
def world() -> StaffWorld:
    return StaffWorld().boot()


def written(world: StaffWorld, *kinds: type[r.Record]) -> list[Any]:
    return [each for each in world.records if isinstance(each, kinds)]


def press(world: StaffWorld, key: str, **values: str) -> None:
    """The button with this text, as the screen would."""
    body = world.view.body
    assert isinstance(body, StaffDesk)
    found = [each for each in body.buttons if each.key == key and values.items() <= dict(each.values).items()]
    assert found, (key, [each.key for each in body.buttons])
    _send(world, found[0].asks)


def go(world: StaffWorld, key: str, **values: str) -> None:
    """The line with this text."""
    body = world.view.body
    assert isinstance(body, StaffDesk)
    found = [
        each
        for each in body.lines
        if each.key == key and each.opens is not None and values.items() <= dict(each.values).items()
    ]
    assert found, (key, body.page, [each.key for each in body.lines])
    assert found[0].opens is not None
    _send(world, found[0].opens)


def _send(world: StaffWorld, wish: i.Intent) -> None:
    fields = {name: getattr(wish, name) for name in wish.__struct_fields__ if name != "step"}
    world.tap(type(wish), **fields)


def keys(world: StaffWorld) -> list[str]:
    return [each.key for each in world.view.body.buttons]


# --- logging in -------------------------------------------------------------------------------------------------------


def test_card_pin_signature_and_the_desk_begins_when_the_card_is_taken(world: StaffWorld) -> None:
    world.lay("officer")
    body = world.view.body
    assert isinstance(body, StaffPin) and (body.shortest, body.length) == (6, 8)
    world.staff_pin()
    assert world.view.body == StaffNote("back", is_card_there=True)
    assert written(world, r.StaffEntered) == [r.StaffEntered("officer", "cash_officer")]
    world.take_card()
    body = world.view.body
    assert isinstance(body, StaffDesk) and (body.page, body.who, body.role) == (
        "menu",
        "officer",
        "cash_officer",
    )
    assert "ChooseLanguage" not in world.view.intents
    world.tap(i.Cancel)
    assert world.phase is Phase.IDLE
    assert written(world, r.StaffLeft) == [r.StaffLeft("officer")]
    assert world.loop.state.present == ()


@pytest.mark.parametrize("name", ["stranger"])
def test_who_is_not_on_the_list_is_told_so_before_a_pin_is_asked(world: StaffWorld, name: str) -> None:
    world.lay(name)
    assert world.view.body == StaffNote("unknown", is_card_there=True)
    assert world.slots == 0
    world.take_card()
    world.time_out(desk.LOGIN)
    assert world.phase is Phase.IDLE and written(world, r.StaffEntered) == []


def test_a_wrong_pin_waits_longer_each_time_and_over_a_power_cut(world: StaffWorld) -> None:
    waits = []
    for left in (2, 1):
        world.lay("officer", left=left + 1)
        if isinstance(world.view.body, StaffNote):
            world.clock.now_s += desk.DELAY_MOST_S
            world.time_out(desk.LOGIN)
        world.staff_pin(right=False, left=left)
        body = world.view.body
        assert isinstance(body, StaffNote) and body.code == "wait"
        waits.append(body.ends_at_s - world.clock.now_s)
        world.take_card()
    assert waits == [5.0, 10.0]
    assert [each.reason for each in written(world, r.StaffRefused)] == ["pin", "pin"]
    again = StaffWorld(world.records, world.physics).boot()
    again.lay("officer", left=1)
    body = again.view.body
    assert isinstance(body, StaffNote) and body.ends_at_s - again.clock.now_s == 10.0
    again.time_out(desk.LOGIN)
    again.staff_pin()
    again.take_card()
    assert again.ledger.wrong_pins == {}


def test_the_delay_has_an_end() -> None:
    assert [desk.delay_s(each) for each in range(5)] == [0.0, 5.0, 10.0, 20.0, 40.0]
    assert desk.delay_s(10**9) == desk.DELAY_MOST_S


def test_a_blocked_card_opens_nothing(world: StaffWorld) -> None:
    world.lay("officer", left=0)
    assert world.view.body == StaffNote("blocked", is_card_there=True)
    world.take_card()
    world.lay("technician")
    world.staff_pin(right=False, left=0)
    assert world.view.body == StaffNote("blocked", is_card_there=True)


def test_a_card_that_signs_with_another_key_is_refused(world: StaffWorld) -> None:
    world.lay("officer")
    login = world.loop.state.login
    assert login is not None
    world.perform_instead.add("SignChallenge")
    world.staff_pin()
    op = world.loop.state.login.op
    world.event(ports.ChallengeSigned(world.setup.card_reader, op, b"0" * 70, ""))
    assert world.view.body == StaffNote("signature", is_card_there=True)
    assert written(world, r.StaffRefused)[-1].reason == "signature"


def test_an_answer_to_another_challenge_is_nothing(world: StaffWorld) -> None:
    world.lay("officer")
    world.event(ports.ChallengeSigned(world.setup.card_reader, "other", b"0" * 70, ""))
    assert isinstance(world.view.body, StaffPin)


@pytest.mark.parametrize("validity", ["expired", "not-yet"])
def test_a_card_out_of_its_time_says_which_times_and_two_people_open_it_together(
    world: StaffWorld, validity: str
) -> None:
    """The certificate may be old, or the clock wrong: nobody alone decides which."""
    world.clock.wall = _real_wall  # certificates of this test are made by the real clock
    world.login("technician", validity=validity)
    body = world.view.body
    assert isinstance(body, StaffNote) and body.code == "time"
    assert set(dict(body.facts)) == {"begin", "end", "now"}
    world.login("technician", validity=validity)
    assert isinstance(world.view.body, StaffNote), "one person twice is one person"
    world.login("officer", validity=validity)
    body = world.view.body
    assert isinstance(body, StaffDesk)
    assert (body.who, body.beside) == ("officer", "technician"), "of the one who may do more"
    assert [each.code for each in written(world, r.IncidentOpened)] == ["X-604"]


def test_two_people_have_three_minutes(world: StaffWorld) -> None:
    world.clock.wall = _real_wall
    world.login("technician", validity="expired")
    world.clock.now_s += two_people.HALF_S + 1
    world.time_out(desk.LOGIN)
    world.login("officer", validity="expired")
    assert isinstance(world.view.body, StaffNote)
    assert written(world, r.StaffEntered) == []


def _real_wall() -> Any:
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.now(UTC)


def test_idle_and_absolute_limits(world: StaffWorld) -> None:
    world.login("officer")
    world.open("cash")
    timers = world.loop._timers
    assert timers[desk.IDLE] - world.clock.now_s == world.setup.timeouts.desk_idle_s
    assert timers[desk.END] - world.clock.now_s == world.setup.timeouts.desk_max_s
    world.clock.now_s += 100
    world.open("tests")
    assert timers[desk.IDLE] - world.clock.now_s == world.setup.timeouts.desk_idle_s
    assert timers[desk.END] - world.clock.now_s == world.setup.timeouts.desk_max_s - 100
    world.time_out(desk.IDLE)
    assert world.phase is Phase.IDLE and written(world, r.StaffLeft) == [r.StaffLeft("officer", "time")]
    world.login("officer")
    world.time_out(desk.END)
    assert world.phase is Phase.IDLE


def test_the_card_taken_too_early_is_no_login(world: StaffWorld) -> None:
    world.lay("officer")
    world.take_card()
    assert world.phase is Phase.IDLE and written(world, r.StaffEntered) == []


def test_a_machine_that_is_out_of_service_lets_staff_in_and_goes_back_to_it(world: StaffWorld) -> None:
    world.event(ports.PrinterRead(world.setup.certificate_printer, False, ("media-jam",)))
    assert world.phase is Phase.OUT_OF_SERVICE
    world.login("technician")
    assert isinstance(world.view.body, StaffDesk)
    world.tap(i.Cancel)
    assert world.phase is Phase.OUT_OF_SERVICE


def test_nobody_types_and_the_card_is_left(world: StaffWorld) -> None:
    """The machine serves residents again as soon as the card is gone, and calls somebody while it is not."""
    world.lay("officer")
    world.time_out(desk.LOGIN)
    assert world.view.body == StaffNote("late", is_card_there=True)
    assert any(isinstance(each, ports.ClosePinSlot) for each in world.commands)
    assert not world.view.is_staff_called
    world.time_out(desk.LOGIN)
    assert world.view.is_staff_called and world.phase is Phase.STAFF_LOGIN
    world.take_card()
    world.time_out(desk.LOGIN)
    assert world.phase is Phase.IDLE and not world.view.is_staff_called
    world.lay("officer")
    world.staff_pin()
    world.time_out(desk.LOGIN)
    assert world.view.is_staff_called
    world.take_card()
    assert isinstance(world.view.body, StaffDesk) and not world.view.is_staff_called


def test_no_network_is_needed(world: StaffWorld) -> None:
    world.server_is_up = False
    world.time_out("status")
    assert world.phase is Phase.OUT_OF_SERVICE
    asked = len([each for each in world.commands if isinstance(each, ports.RequestChallenge)])
    world.login("officer")
    assert isinstance(world.view.body, StaffDesk)
    assert len([each for each in world.commands if isinstance(each, ports.RequestChallenge)]) == asked


def test_a_dead_journal_lets_nobody_in(world: StaffWorld) -> None:
    world.journal.broken = True
    world.login("officer")
    assert not isinstance(world.view.body, StaffDesk)


# --- in a visit -------------------------------------------------------------------------------------------------------


def test_a_staff_card_in_a_visit_reveals_nothing(world: StaffWorld) -> None:
    world.until_choose()
    before = world.view
    world.lay("officer")
    assert world.view.body == before.body and world.view.is_helped is False
    world.take_card()
    assert world.view.body == before.body and written(world, r.StaffEntered, r.StaffRefused) == []


def test_where_a_residents_card_is_awaited_it_is_another_card(world: StaffWorld) -> None:
    world.tap(i.Begin)
    assert isinstance(world.view.body, PlaceCard)
    world.lay("officer")
    assert world.view.body == Notice("C-102")


def test_a_badge_marks_the_screen_and_a_second_touch_ends_it(world: StaffWorld) -> None:
    world.until_choose()
    world.touch("assistant")
    assert world.view.is_helped and world.view.is_helper_here
    assert world.slots == 0, "no PIN"
    assert world.loop.state.session.is_assisted
    assert "EndHelp" in world.view.intents
    world.touch("assistant")
    assert not world.view.is_helped and not world.view.is_helper_here
    assert [each.act for each in written(world, r.StaffHelped)] == ["Badge", "Badge"]


def test_a_badge_at_the_idle_screen_begins_a_visit_with_help(world: StaffWorld) -> None:
    world.touch("assistant")
    assert isinstance(world.view.body, PlaceCard) and world.view.is_helper_here
    world.card()
    assert isinstance(world.view.body, EnterPin)
    assert world.loop._timers["idle"] - world.clock.now_s == 3 * world.setup.timeouts.long_idle_s


def test_a_badge_while_a_card_is_awaited_helps_and_the_visit_goes_on(world: StaffWorld) -> None:
    world.tap(i.Begin)
    world.touch("assistant")
    assert isinstance(world.view.body, PlaceCard) and world.view.is_helped
    world.card()
    assert isinstance(world.view.body, EnterPin)


def test_a_badge_out_of_its_time_marks_nothing(world: StaffWorld) -> None:
    world.clock.wall = _real_wall
    world.until_choose()
    world.touch("assistant", validity="expired")
    assert not world.view.is_helped
    world.event(ports.ClockJudged(False, "not-synchronised"))
    world.touch("assistant", validity="expired")
    assert world.view.is_helped, "with a clock that nobody trusts its time says nothing"


def test_an_assistant_has_no_desk(world: StaffWorld) -> None:
    world.event(ports.PrinterRead(world.setup.certificate_printer, False, ("media-jam",)))
    world.touch("assistant")
    assert not isinstance(world.view.body, StaffDesk)


# --- cash -------------------------------------------------------------------------------------------------------------


def count(world: StaffWorld, unit: str, face: str, what: str, pieces: int) -> None:
    world.open("pad", f"{unit}/{face}/{what}")
    world.tap(i.SetPieces, unit=unit, face=face, what=what, pieces=pieces)


def test_a_cash_officer_collects_counts_and_closes_the_day_by_touch(world: StaffWorld) -> None:
    world.until_pay()
    world.insert(Denomination.COIN500)
    world.take_all()
    world.tap(i.Next)
    world.login("officer")
    go(world, "desk.menu.cash")
    press(world, "desk.start.recount")
    press(world, "desk.units.one", unit="hopper100")
    assert world.view.body.page == "count" and world.ledger.exchange is not None
    go(world, "desk.count.line", unit="hopper100")
    assert world.view.body.pad is not None
    there = world.lies_in("hopper100")[Denomination.COIN100]
    world.tap(i.SetPieces, unit="hopper100", face="coin100", what="counted", pieces=there)
    press(world, "desk.count.end")
    assert world.ledger.exchange is None
    assert written(world, r.ExchangeEnded)[-1].difference.value == 0
    assert world.view.body.page == "paper" and world.view.body.paper
    press(world, "desk.paper.print")
    press(world, "desk.paper.pages")
    assert "用紙受払簿" in world.view.body.said[0] and world.view.body.paper
    world.tap(i.Back)
    world.tap(i.Back)
    go(world, "desk.menu.day")
    press(world, "desk.day.close")
    assert written(world, r.DayClosed) and world.view.body.paper
    assert written(world, r.DayClosed)[-1].operator == "officer"


def test_a_difference_asks_for_its_reason(world: StaffWorld) -> None:
    world.login("officer")
    world.do(i.StartExchange(purpose="recount", units=("hopper100",)))
    count(world, "hopper100", "coin100", "counted", 19)
    press(world, "desk.count.end")
    assert world.view.body.page == "why" and world.ledger.exchange is not None
    press(world, "desk.reason.unknown")
    assert world.ledger.exchange is None
    assert (written(world, r.ExchangeEnded)[-1].reason, world.ledger.difference.value) == ("unknown", -100)


def test_a_count_is_not_told_what_the_books_say(world: StaffWorld) -> None:
    world.login("officer")
    world.do(i.StartExchange(purpose="recount", units=("hopper100",)))
    world.open("pad", "hopper100/coin100/counted")
    assert "20" not in repr([each.values for each in world.view.body.lines])


def test_pieces_for_what_is_not_open_are_dropped(world: StaffWorld) -> None:
    world.login("officer")
    world.do(i.StartExchange(purpose="recount", units=("hopper100",)))
    for unit, face, what, pieces in (
        ("hopper50", "coin50", "counted", 1),
        ("hopper100", "coin50", "counted", 1),
        ("hopper100", "coin100", "put_in", 1),
        ("hopper100", "coin100", "counted", -1),
        ("hopper100", "coin100", "counted", 10**6),
    ):
        world.tap(i.SetPieces, unit=unit, face=face, what=what, pieces=pieces)
    assert world.loop.state.desk.pieces == ()


def test_a_technician_opens_a_cash_path_only_with_an_officer_beside_him(world: StaffWorld) -> None:
    world.login("technician")
    go(world, "desk.menu.cash")
    assert keys(world) == ["desk.start.repair"]
    press(world, "desk.start.repair")
    press(world, "desk.units.one", unit="hopper100")
    assert world.ledger.exchange is None and world.view.body.is_refused
    world.login("officer")
    assert (world.view.body.who, world.view.body.beside) == ("technician", "officer")
    press(world, "desk.units.one", unit="hopper100")
    assert world.ledger.exchange is not None
    assert written(world, r.ExchangeStarted)[-1].witness == "officer"
    assert "desk.count.end" not in keys(world), "who ends it is the cash officer"
    world.tap(i.Cancel)
    assert {each.staff for each in written(world, r.StaffLeft)} == {"technician", "officer"}


def test_every_doubt_is_settled_one_by_one_with_its_evidence(world: StaffWorld) -> None:
    world.physics.print_outcome = ports.Outcome.UNKNOWN
    world.until_pay()
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)
    world.tap(i.Next)
    world.login("officer")
    go(world, "desk.menu.waiting")
    line = world.view.body.lines[0]
    assert line.key == "desk.doubt.paper" and dict(line.values)["amount"] == "200"
    go(world, "desk.doubt.paper")
    press(world, "desk.answer.came")
    assert world.view.body.page == "why"
    press(world, "desk.why.seen")
    assert world.ledger.held.value == 0
    assert written(world, r.IncidentClosed)[-1].reason == "現物を見て確かめた"


# --- the machine ------------------------------------------------------------------------------------------------------


def test_a_technician_clears_a_jam_and_the_machine_says_when(world: StaffWorld) -> None:
    printer = world.setup.certificate_printer
    world.event(ports.PrinterRead(printer, False, ("media-jam",)))
    world.login("technician")
    go(world, "desk.menu.faults")
    go(world, "desk.fault", code="R-502")
    for _ in range(len(remedies.steps("R-502")) - 1):
        assert world.view.body.lines[1].key == "desk.steps.there"
        press(world, "desk.steps.next")
    assert "desk.steps.again" in keys(world)
    world.event(ports.PrinterRead(printer, True, ()))
    assert world.view.body.lines[1].key == "desk.steps.gone"
    press(world, "desk.steps.done")
    world.tap(i.Cancel)
    assert world.phase is Phase.IDLE


def test_results_are_stored_and_never_against_the_machines_own_word(world: StaffWorld) -> None:
    world.login("technician")
    world.open("test", "disk")
    world.do(i.RecordTest(test="disk", has_passed=True))
    assert written(world, r.StaffTested) == [], "nothing was tested yet"
    press(world, "desk.test.run")
    world.do(i.RecordTest(test="disk", has_passed=False))
    assert written(world, r.StaffTested) == []
    press(world, "desk.test.write")
    assert written(world, r.StaffTested) == [r.StaffTested("disk", "technician", True)]
    assert world.ledger.tests["disk"].has_passed


def test_a_calibration_holds_from_its_record_on_and_no_wild_one_is_taken(world: StaffWorld) -> None:
    good, wild = (1_010_000, 0, -5_000, 0, 990_000, 0), (-1_000_000, 0, 0, 0, 1_000_000, 0)
    world.login("technician")
    world.open("test", "calibration")
    press(world, "desk.test.run")
    world.do(i.RecordTest(test="calibration", has_passed=True, touch=wild))
    assert world.view.touch == () and isinstance(world.view.body, StaffDesk) and world.view.body.is_refused
    world.do(i.RecordTest(test="calibration", has_passed=True, touch=good))
    assert world.view.touch == good == written(world, r.StaffTested)[-1].touch
    assert world.glass.views[Role.ASSISTANT].touch == (), "the other panel is another panel"


def test_the_machine_looks_at_itself_and_says_what_it_found(world: StaffWorld) -> None:
    world.login("technician")
    for facts, result in (
        ((("disk", "900 MiB free", "ok"),), True),
        ((("disk", "1 MiB free", "bad"), ("network", "eth0 down", "doubt")), False),
    ):
        world.facts = facts
        world.open("test", "machine")
        press(world, "desk.test.run")
        told = [dict(each.values)["finding"] for each in world.view.body.lines if each.key == "desk.fact"]
        assert told == [each[1] for each in facts]
        press(world, "desk.test.write")
        assert world.ledger.tests["machine"].has_passed is result


def test_the_reader_is_tested_with_any_card_and_nothing_of_it_is_kept(world: StaffWorld) -> None:
    world.login("technician")
    world.open("test", "reader")
    press(world, "desk.test.run")
    world.card()
    assert world.loop.state.card is None
    assert isinstance(world.commands[-1], ports.EndCardSession)
    world.take_card()
    press(world, "desk.test.write")
    assert written(world, r.StaffTested)[-1].has_passed
    world.open("test", "reader")
    press(world, "desk.test.run")
    world.lay("officer")
    assert isinstance(world.view.body, StaffDesk), "no login while the reader is tested"


def test_the_camera_is_looked_through_and_shut_before_its_result_stands_there(world: StaffWorld) -> None:
    camera, finding = world.setup.camera, ports.CameraFinding
    world.login("technician")
    world.open("test", "camera")
    press(world, "desk.test.run")
    assert "desk.test.bad" in [each.key for each in world.view.body.lines], "there is none"
    world.event(ports.DeviceArrived(camera, "test"))
    for word, mark, has_passed in (("good", "ok", True), ("dark", "bad", False)):
        world.open("test", "camera")
        press(world, "desk.test.run")
        allow, examine = world.commands[-2:]
        assert allow == ports.AllowCamera(camera) and isinstance(examine, ports.ExamineCamera)
        assert "desk.test.camera.now" in [each.key for each in world.view.body.lines]
        found = (finding("subject", "chart", "ok"), finding("light", word, mark))
        world.event(ports.CameraExamined(camera, examine.op, found))
        assert world.commands[-1] == ports.ForbidCamera(camera)
        world.event(ports.CameraForbidden(camera))
        facts = [dict(each.values) for each in world.view.body.lines if each.key == "desk.fact"]
        assert facts[1] == {"what": "@desk.camera.light", "finding": f"@desk.camera.light.{word}"}
        press(world, "desk.test.write")
        assert world.ledger.tests["camera"].has_passed is has_passed
    world.open("test", "camera")
    press(world, "desk.test.run")
    world.tap(i.Back)
    assert world.commands[-1] == ports.ForbidCamera(camera), "who walks away shuts it"


def test_printers_print_and_a_person_says_how_it_looks(world: StaffWorld) -> None:
    world.login("technician")
    world.open("test", "receipt")
    press(world, "desk.test.run")
    assert world.physics.slips[-1] == "test"
    press(world, "desk.test.failed")
    assert not world.ledger.tests["receipt"].has_passed
    world.open("test", "receipt-feed")
    press(world, "desk.test.run")
    fed = [each for each in world.commands if isinstance(each, ports.PrintSlip)][-1]
    assert not any(each.text or each.right for each in fed.slip.lines)
    press(world, "desk.test.good")
    world.open("test", "certificate-feed")
    press(world, "desk.test.run")
    press(world, "desk.test.good")
    assert world.ledger.tests["certificate-feed"].has_passed
    world.open("tests")
    shown = [dict(each.values)["test"] for each in world.view.body.lines]
    assert "@desk.test.spare" not in shown, "there is one printer here"


def test_a_tone_is_played_and_a_person_says_whether_it_was_heard(world: StaffWorld) -> None:
    world.login("technician")
    world.open("test", "sound")
    assert not world.view.body.is_sounding
    press(world, "desk.test.run")
    assert world.view.body.is_sounding
    press(world, "desk.test.good")
    assert world.ledger.tests["sound"].has_passed and not world.view.body.is_sounding


def test_notes_stay_with_an_incident(world: StaffWorld) -> None:
    world.event(ports.PrinterRead(world.setup.certificate_printer, True, ()))
    world.clock.wall = _real_wall
    world.login("technician", validity="expired")
    world.login("officer", validity="expired")
    go(world, "desk.menu.incidents")
    go(world, "desk.incident", code="X-604")
    press(world, "desk.note.told-section")
    assert "desk.note" in [each.key for each in world.view.body.lines]
    assert "desk.incident.close" not in keys(world), "not at the desk that it is about"


# --- everything -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["officer", "technician", "treasurer"])
def test_every_page_can_be_shown_to_everybody_and_a_treasurer_changes_nothing(who: str) -> None:
    world = StaffWorld().boot()
    world.login(who)
    for page in PAGES:
        for of in ("", "R-502", "x/y/z", "hopper100/coin100/counted", "repair"):
            world.open(page, of)
            body = world.view.body
            assert isinstance(body, StaffDesk) and body.page == page
            for button in body.buttons:
                assert isinstance(button, DeskButton)
                if who == "treasurer":
                    assert isinstance(button.asks, i.OpenPage | i.ShowPaper | i.PrintPaper | i.PrintPages), (
                        button
                    )


def test_every_page_has_its_maker() -> None:
    assert set(PAGES) == set(desk_pages._PAGES)


def test_the_report_knows_every_test() -> None:
    assert set(words.TESTS) == set(desk_tests.TESTS)


def test_a_jam_is_one_fault_however_many_ways_it_is_told(world: StaffWorld) -> None:
    printer = world.setup.certificate_printer
    world.event(ports.DeviceFault(printer, "media-jam"))
    world.event(ports.PrinterRead(printer, False, ("media-jam",)))
    assert [(each.code, each.device) for each in remedies.faults(world.loop.state)] == [("R-502", printer)]


def test_every_step_leads_on_and_every_code_has_an_end() -> None:
    assert all(remedies.steps(code) for code in remedies.STEPS)
    assert remedies.steps("C-999") == remedies.LAST


PUBLIC = sorted(
    key.split(".")[1] for key in load("ja").keys if re.fullmatch(r"notice\.[A-Z]-\d+\.title", key)
)
OF_THE_MACHINE = [code for code in PUBLIC if code[0] in "RMX"]
"""The others are of a card, a PIN, a face or a request: nothing of the machine is broken."""


OF_A_VISIT = {"M-405", "X-607"}
"""Nothing of the machine is broken either: money waits for its owner, a name is written in two ways."""


def test_every_fault_and_every_incident_has_steps_of_its_own() -> None:
    """And each step its words and its picture (tests/screens/test_remedies.py)."""
    assert set(OF_THE_MACHINE) - OF_A_VISIT <= set(remedies.STEPS)
    words_of = load("ja").keys
    assert all(f"remedy.{step}" in words_of for steps in remedies.STEPS.values() for step in steps)
    opened = {
        code
        for path in (Path(desk.__file__).parent).glob("*.py")
        for code in re.findall(r'(?:IncidentOpened|Fault)\([^"]*"([A-Z]-\d{3})"', path.read_text("utf-8"))
    }
    assert len(opened) > 5 and opened <= set(remedies.STEPS), opened - set(remedies.STEPS)


@pytest.mark.parametrize("code", sorted({*OF_THE_MACHINE, *remedies.STEPS}))
def test_a_clerk_who_never_saw_it_is_done_in_five_minutes_by_the_model(code: str) -> None:
    """Every step read once, slowly, and done with hands that do it for the first time (docs/adr/0070)."""
    steps = remedies.steps(code)
    words = [word for each in steps for word in words_in(load("ja").text(f"remedy.{each}"))]
    seconds = 0.0 + sum(remedies.HANDS_S[each] for each in steps)
    seconds += len(words) * SLOW.word_s + len(steps) * (SLOW.touch_s + SLOW.decision_s)
    assert seconds <= 300, f"{seconds:.0f} s"
