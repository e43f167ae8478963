"""A floor assistant beside the resident: what the panel sees and may in every phase; both see it; it is counted."""

from __future__ import annotations

from typing import Any

import pytest

from kiosk import intents, ports
from kiosk.engine.helping import HELPED_TIMES, TARGETS
from kiosk.engine.inner import Asked
from kiosk.engine.project import NEVER_ASSISTED
from kiosk.engine.state import Phase
from kiosk.journal.records import StaffHelped
from kiosk.money import Denomination
from kiosk.view import Assisted, ChooseKinds, Role
from tests.engine.world import World


@pytest.fixture
def world() -> World:
    return World().boot()


def assist(world: World, wish: type[intents.Intent], /, **fields: Any) -> None:
    world.event(Asked(Role.ASSISTANT, wish(step=world.loop.state.step, **fields)))


def panel(world: World) -> Assisted:
    body = world.glass.views[Role.ASSISTANT].body
    assert isinstance(body, Assisted)
    return body


def acts(world: World) -> list[str]:
    return [each.act for each in world.records if isinstance(each, StaffHelped)]


def test_help_begins_is_seen_and_is_ended_by_the_resident(world: World) -> None:
    world.until_choose()
    assert not world.view.is_helped
    assist(world, intents.BeginHelp)
    assert world.view.is_helped
    assert "EndHelp" in world.view.intents
    world.tap(intents.EndHelp)
    assert not world.view.is_helped
    assert "EndHelp" not in world.view.intents
    before = world.view.body
    assist(world, intents.SetCopies, kind="juminhyo", copies=2)
    assert world.view.body == before


def test_the_assistant_chooses_kinds_and_options_without_fees_and_reasons(world: World) -> None:
    world.until_choose()
    assert panel(world).kinds == ()
    assist(world, intents.BeginHelp)
    body = world.view.body
    assert isinstance(body, ChooseKinds)
    assert [each.kind for each in panel(world).kinds] == [each.kind for each in body.kinds]
    assist(world, intents.SetCopies, kind="juminhyo", copies=2)
    assert {each.kind: each.copies for each in panel(world).kinds}["juminhyo"] == 2
    world.tap(intents.Next)
    assert panel(world).kind == "juminhyo"
    question = panel(world).questions[0]
    assist(world, intents.ChooseOption, kind="juminhyo", option=question.option, choice=question.choices[-1])
    assert panel(world).questions[0].chosen == question.choices[-1]
    assert acts(world) == ["BeginHelp", "SetCopies", "ChooseOption"]
    assert not any("juminhyo" in repr(each) for each in world.records if isinstance(each, StaffHelped))


def test_the_assistant_points_and_the_ring_goes_with_the_step(world: World) -> None:
    world.until_choose()
    assist(world, intents.Point, target="main")
    assert world.view.pointed == ""
    assist(world, intents.BeginHelp)
    assist(world, intents.Point, target="main")
    assert world.view.pointed == "main"
    assist(world, intents.Point, target="key 1")
    assert world.view.pointed == "main"
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    world.tap(intents.Next)
    assert world.view.pointed == ""


def test_no_key_of_a_keypad_can_be_pointed_at() -> None:
    assert not any(target.startswith(("key", "pin")) for target in TARGETS)


def test_everything_waits_longer_while_somebody_helps(world: World) -> None:
    world.until_choose()
    assist(world, intents.BeginHelp)
    left_s = world.loop._timers["idle"] - world.clock.monotonic_s()
    assert left_s == pytest.approx(world.setup.timeouts.idle_s * HELPED_TIMES)


def test_the_next_person_is_alone_again(world: World) -> None:
    world.until_choose()
    assist(world, intents.BeginHelp)
    world.tap(intents.Cancel)
    assert world.phase is Phase.IDLE
    assert not world.view.is_helped
    world.until_choose()
    assert not world.view.is_helped
    assert panel(world).kinds == ()


def test_the_server_is_told_that_staff_helped(world: World) -> None:
    world.until_choose()
    assist(world, intents.BeginHelp)
    world.tap(intents.EndHelp)
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    world.tap(intents.Next)
    world.tap(intents.Next)
    assert [each.is_assisted for each in world.commands if isinstance(each, ports.Prepare)] == [True]
    alone = World().boot()
    alone.until_pay()
    assert [each.is_assisted for each in alone.commands if isinstance(each, ports.Prepare)] == [False]


def states(world: World) -> Any:
    """A visit, step by step, with help on from the first moment on."""
    world.tap(intents.Begin)
    assist(world, intents.BeginHelp)
    yield
    world.card()
    yield
    world.pin(right=False, left=1)
    yield
    world.tap(intents.ConsentLastTry)
    yield
    world.pin()
    yield
    world.take_card()
    yield
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    world.tap(intents.Next)
    yield
    world.tap(intents.Next)
    yield
    world.tap(intents.Next)
    yield
    world.insert(Denomination.COIN500)
    yield


def test_nothing_private_reaches_the_panel_in_any_phase(world: World) -> None:
    for _ in states(world):
        view = world.glass.views[Role.ASSISTANT]
        said = repr(view)
        for secret in ("例＊＊", "200", "500", "300", "attempts", "slot='"):
            assert secret not in said, (world.phase, secret)
        assert panel(world).is_private == (world.phase in NEVER_ASSISTED)


def test_two_clients_race_and_the_slower_one_is_refused(world: World) -> None:
    """Both act on the same step: who comes second made the intent on a step that is over."""
    world.until_choose()
    assist(world, intents.BeginHelp)
    world.tap(intents.SetCopies, kind="juminhyo", copies=1)
    stale = world.loop.state.step
    world.tap(intents.Next)
    at = world.phase
    world.loop.take(Asked(Role.ASSISTANT, intents.Back(step=stale)))
    assert world.phase is at
