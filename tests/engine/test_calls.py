"""Staff are called: light, message, record, waiting time; somebody answers; what the town's list is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from kiosk import intents, ports
from kiosk.engine.inner import Asked
from kiosk.engine.state import Phase
from kiosk.ids import DeviceId
from kiosk.journal.records import CallAnswered, CallEnded, StaffCalled
from kiosk.view import Role
from tests.engine.world import SETUP, World

LAMP, MESSENGER = DeviceId("lamp1"), DeviceId("message1")


@pytest.fixture
def world() -> World:
    return World(setup=replace(SETUP, lamp=LAMP, messenger=MESSENGER)).boot()


def assist(world: World, wish: type[intents.Intent], /, **fields: Any) -> None:
    world.event(Asked(Role.ASSISTANT, wish(step=world.loop.state.step, **fields)))


def told(world: World, kind: type[Any]) -> list[Any]:
    return [each for each in world.commands if isinstance(each, kind)]


def written(world: World) -> list[Any]:
    return [each for each in world.records if isinstance(each, StaffCalled | CallAnswered | CallEnded)]


def test_a_call_lights_the_lamp_tells_staff_and_waits_until_somebody_comes(world: World) -> None:
    world.until_choose()
    world.tap(intents.CallStaff)
    assert [each.state for each in told(world, ports.SetSignal)] == ["called"]
    (message,) = told(world, ports.SendMessage)
    assert (message.what, message.step, message.code, message.waited_s) == ("called", "kinds", "", 0)
    assert world.view.called_at_s == world.clock.now_s
    assert world.glass.views[Role.ASSISTANT].called_at_s == world.clock.now_s

    world.clock.now_s += 42.5
    assist(world, intents.AnswerCall)
    assert world.view.is_call_answered and world.view.is_staff_called
    assert "AnswerCall" not in world.glass.views[Role.ASSISTANT].intents, "once is enough: now they come"
    world.clock.now_s += 20
    assist(world, intents.BeginHelp)
    assert not world.view.is_staff_called and world.view.called_at_s is None
    assert [each.state for each in told(world, ports.SetSignal)] == ["called", "coming", "off"]
    assert written(world) == [
        StaffCalled("resident", "kinds"),
        CallAnswered(42, "panel"),
        CallEnded(62, "helped"),
    ]


def test_a_call_from_the_idle_screen_ends_when_staff_say_that_it_is_settled(world: World) -> None:
    world.tap(intents.CallStaff)
    assist(world, intents.AnswerCall)
    assert world.phase is Phase.IDLE and world.view.is_call_answered
    assist(world, intents.AnswerCall)
    assert not world.view.is_staff_called
    assert written(world)[-1] == CallEnded(0, "settled")
    assert "AnswerCall" not in world.glass.views[Role.ASSISTANT].intents


def test_a_call_that_nobody_answers_is_told_again_less_and_less_often(world: World) -> None:
    world.until_choose()
    world.tap(intents.CallStaff)
    for seconds in (60, 60, 120):
        world.clock.now_s += seconds
        world.time_out("call")
    messages = told(world, ports.SendMessage)
    assert [(each.what, each.waited_s) for each in messages[1:]] == [
        ("waiting", 60),
        ("waiting", 120),
        ("waiting", 240),
    ]
    assist(world, intents.AnswerCall)
    before = len(told(world, ports.SendMessage))
    world.time_out("call")
    assert len(told(world, ports.SendMessage)) == before


def test_the_staff_page_answers_too(world: World) -> None:
    world.until_choose()
    world.event(ports.StateReported(True))  # a late word about another call: there is none
    assert written(world) == []
    world.tap(intents.CallStaff)
    world.event(ports.StateReported(False))
    assert not world.view.is_call_answered
    world.event(ports.StateReported(True))
    world.event(ports.StateReported(True))
    assert world.view.is_call_answered
    assert written(world)[1:] == [CallAnswered(0, "page")]


def test_the_machine_calls_by_itself_and_says_with_which_code(world: World) -> None:
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.UNKNOWN
    world.insert(next(face for face in world.setup.faces if face.face.value == 500))
    assert written(world)[0].by == "machine"
    assert "例" not in repr(told(world, ports.SendMessage))


def test_the_next_persons_view_knows_nothing_of_the_call_before(world: World) -> None:
    world.until_choose()
    world.tap(intents.CallStaff)
    world.tap(intents.Cancel)
    assert world.phase is Phase.IDLE
    assert world.view.called_at_s is None and not world.view.is_call_answered
    assert written(world)[-1] == CallEnded(0, "over")


def test_the_town_is_told_the_step_and_never_the_person(world: World) -> None:
    """With each status, and at once when a call begins, is answered, ends."""
    world.until_pay()
    world.clock.now_s += 7
    before = len(told(world, ports.ReportState))
    world.time_out("status")
    report = told(world, ports.ReportState)[-1]
    assert len(told(world, ports.ReportState)) == before + 1
    assert (report.service, report.step, report.step_s, report.called_s) == ("serving", "pay", 7, -1)
    assert {each.unit: (each.face, each.pieces) for each in report.cash}["hopper100"] == (100, 20)
    for secret in ("例", "juminhyo", "certificate'", str(world.loop.state.session.transaction)):  # type: ignore[union-attr]
        assert secret not in repr(report), secret
    world.tap(intents.CallStaff)
    assert told(world, ports.ReportState)[-1].called_s == 0
    assert len(told(world, ports.ReportState)) == before + 2
    world.event(ports.DeviceLost(world.setup.certificate_printer, "no-answer"))
    world.time_out("status")
    assert f"{world.setup.certificate_printer} away" in told(world, ports.ReportState)[-1].troubles


def test_a_broken_journal_stops_no_lamp(world: World) -> None:
    world.until_choose()
    world.journal.broken = True
    world.tap(intents.CallStaff)
    assert [each.state for each in told(world, ports.SetSignal)] == ["called"]
    assert world.loop.state.journal_is_dead


def test_an_assistant_gives_more_time_before_anybody_is_asked(world: World) -> None:
    world.until_choose()
    assert "KeepGoing" not in world.view.intents
    assist(world, intents.BeginHelp)
    assert "KeepGoing" not in world.view.intents
    assert "KeepGoing" in world.glass.views[Role.ASSISTANT].intents
    world.clock.now_s += 100
    assist(world, intents.KeepGoing)
    left_s = world.loop._timers["idle"] - world.clock.now_s
    assert left_s == pytest.approx(world.setup.timeouts.idle_s * 3)


def test_the_resident_sees_since_when_and_what_is_usual(world: World) -> None:
    """The wait is shown from the first call on; how long it mostly takes only after three that ended with somebody."""
    waits = []
    for wait_s in (50, 300, 130):
        world.until_choose()
        world.tap(intents.CallStaff)
        assert world.view.called_at_s == world.clock.now_s and world.view.usual_wait_s is None
        world.clock.now_s += wait_s
        waits.append(wait_s)
        assist(world, intents.BeginHelp)
        assist(world, intents.EndHelp)
        world.tap(intents.Cancel)
    world.until_choose()
    world.tap(intents.CallStaff)
    assert world.view.usual_wait_s == sorted(waits)[1] == 130


def test_what_the_machine_wants_of_staff_is_not_told_to_who_passes_by(world: World) -> None:
    """Nobody waits in front of an idle machine that asks for a new roll; who presses there does."""
    world.loop.state = replace(world.loop.state, is_staff_called=True)
    world.event(ports.DeviceLost(world.setup.receipt_printer, "no-answer"))
    assert world.view.called_at_s is None
    since_s = world.glass.views[Role.ASSISTANT].called_at_s
    assert since_s is not None
    world.clock.now_s += 60
    world.tap(intents.CallStaff)
    assert world.view.called_at_s == since_s + 60, "now somebody does wait, since now"
