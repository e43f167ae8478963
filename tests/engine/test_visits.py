"""Each visit leaves one record for counting: how it ended, where, how long, in which language; not who was there."""

from __future__ import annotations

import pytest

from kiosk import intents, ports
from kiosk.engine.inner import Asked
from kiosk.journal.records import LineBooked, VisitEnded
from kiosk.money import Denomination
from kiosk.view import Role
from tests.engine.world import CrashError, World


@pytest.fixture
def world() -> World:
    return World().boot()


def visits(world: World) -> list[VisitEnded]:
    return [each for each in world.records if isinstance(each, VisitEnded)]


def finish(world: World) -> None:
    world.take_all()
    world.tap(intents.Next)


def test_an_issued_visit(world: World) -> None:
    world.tap(intents.ChooseLanguage, language="en")
    world.tap(intents.SetTextSize, size="L")
    world.tap(intents.SetVoice, is_on=True)
    world.clock.now_s += 4.25
    world.card()
    world.clock.now_s += 10
    world.pin()
    world.take_card()
    world.clock.now_s += 20
    world.tap(intents.SetCopies, kind="juminhyo", copies=2)
    world.tap(intents.Next)
    world.tap(intents.Next)
    world.tap(intents.Next)
    world.clock.now_s += 30
    world.insert(Denomination.COIN500)
    finish(world)
    (visit,) = visits(world)
    assert (visit.language, visit.end, visit.step) == ("en", "issued", "take")
    assert visit.papers == (("juminhyo", 2),)
    assert visit.means == "cash" and not visit.is_assisted and visit.codes == ()
    assert visit.manners == ("text-L", "voice")
    times = {each.step: each.seconds for each in visit.times}
    assert (times["card"], times["pin"], times["kinds"], times["pay"]) == (4.2, 10, 20, 30)
    assert sum(isinstance(each, LineBooked) for each in world.records) == 2


def test_given_up_says_where_and_by_whom(world: World) -> None:
    world.until_choose()
    world.tap(intents.Cancel)
    world.until_pay()
    world.insert(Denomination.COIN100)
    world.time_out("idle")
    world.time_out("answer")
    world.tap(intents.GiveBack)
    world.take_all()
    world.tap(intents.ChooseLanguage, language="ja")
    world.event(ports.CardInserted(world.setup.card_reader))
    world.event(ports.CardUnreadable(world.setup.card_reader, "not-ours"))
    world.event(ports.CardRemoved(world.setup.card_reader))
    world.tap(intents.Next)
    found = [(each.end, each.step, each.papers, each.means) for each in visits(world)]
    assert found == [("left", "kinds", (), ""), ("nobody", "pay", (), ""), ("refused", "card", (), "")]
    (code,) = visits(world)[2].codes
    assert code.startswith("C-")


def test_an_assisted_visit_is_counted_as_one(world: World) -> None:
    world.until_choose()
    world.event(Asked(Role.ASSISTANT, intents.BeginHelp(step=world.loop.state.step)))
    world.tap(intents.Cancel)
    assert visits(world)[0].is_assisted


def test_it_names_no_transaction_and_nothing_of_the_person(world: World) -> None:
    world.until_pay()
    transaction = str(world.loop.state.session.transaction)  # type: ignore[union-attr]
    world.insert(Denomination.COIN500)
    finish(world)
    said = repr(visits(world)[0])
    for secret in (transaction, "例", "0001", "f" * 64):
        assert secret not in said


def test_what_a_restart_cut_off_is_counted_once_with_the_papers_that_came_out(world: World) -> None:
    world.until_pay()
    world.insert(Denomination.COIN100)
    world.journal.die_at = world.journal.appends + 1
    with pytest.raises(CrashError):
        world.insert(Denomination.COIN50)
    reborn = world.reboot()
    reborn.tap(intents.GiveBack)
    reborn.take_all()
    reborn.tap(intents.Next)
    (visit,) = visits(reborn)
    assert (visit.end, visit.step, visit.papers, visit.times) == ("interrupted", "pay", (), ())


def test_a_visit_that_dies_before_it_has_money_is_counted_by_the_next_life(world: World) -> None:
    world.tap(intents.Begin)
    assert visits(world) == []
    reborn = world.reboot()
    (visit,) = visits(reborn)
    assert (visit.end, visit.language, visit.step) == ("interrupted", "", "")
    again = reborn.reboot()
    assert len(visits(again)) == 1, "once"
