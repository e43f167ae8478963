"""Break-glass: which two people open the staff desk together, with what rights, and who never does."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from kiosk import intents as i
from kiosk import ports
from kiosk.engine import desk, two_people
from kiosk.engine.setup import Setup
from kiosk.engine.state import Phase
from kiosk.ids import OpId
from kiosk.journal import records as r
from kiosk.view import OutOfService, Role, StaffDesk, StaffNote, StaffPin
from tests.engine.staff_world import PEOPLE, StaffWorld, seals
from tests.engine.world import SETUP

HOLDERS = ("officer", "technician", "treasurer", "second")


def made(setup: Setup = SETUP, *, holders: tuple[str, ...] = HOLDERS) -> StaffWorld:
    world = StaffWorld(setup=replace(setup, seals=seals(*holders))).boot()
    world.clock.wall = lambda: datetime.now(UTC)  # certificates of these tests are made by the real clock
    return world


@pytest.fixture
def world() -> StaffWorld:
    return made()


def written(world: StaffWorld, *kinds: type[r.Record]) -> list[Any]:
    return [each for each in world.records if isinstance(each, kinds)]


def refused(world: StaffWorld) -> None:
    """Somebody whose card opens nothing has taken it back."""
    world.lay("stranger")
    world.take_staff_card()
    assert isinstance(world.view.body, StaffNote) and world.view.body.code == "unknown"


def with_code(world: StaffWorld, holder: str) -> None:
    world.tap(i.UseSealedCode)
    body = world.view.body
    assert isinstance(body, StaffPin) and (body.is_code, body.shortest, body.length) == (True, 16, 16)
    world.code(holder)


def by(world: StaffWorld, how: str, who: str) -> None:
    """One of two comes."""
    if how == "code":
        if "UseSealedCode" not in world.view.intents:
            refused(world)
        with_code(world, who)
    else:
        world.login(who, validity="expired")


RANK = {Role.TREASURER: 0, Role.TECHNICIAN: 1, Role.CASH_OFFICER: 2}


@pytest.mark.parametrize(
    ("first", "second"),
    [pair for pair in product(product(("card", "code"), HOLDERS), repeat=2) if pair[0][1] != pair[1][1]],
)
def test_any_two_people_open_it_with_the_rights_of_one_of_them_and_no_more(
    world: StaffWorld, first: tuple[str, str], second: tuple[str, str]
) -> None:
    """Every pair of people and ways: the role is one of the two's, cash only with a cash officer, and all is said."""
    by(world, *first)
    assert isinstance(world.view.body, StaffNote), "nobody alone"
    assert written(world, r.StaffEntered) == []
    by(world, *second)
    body = world.view.body
    assert isinstance(body, StaffDesk), body
    pair = [PEOPLE[first[1]], PEOPLE[second[1]]]
    assert body.role == max(pair, key=RANK.__getitem__).value
    assert ("DoAct" in world.view.intents) and ("SetPieces" in world.view.intents) is (
        Role.CASH_OFFICER in pair
    )
    assert {body.who, body.beside} == {first[1], second[1]}
    (incident,) = written(world, r.IncidentOpened)
    has_code = "code" in (first[0], second[0])
    assert incident.code == (two_people.FORCED_INCIDENT if has_code else two_people.TIME_INCIDENT)
    assert dict(incident.facts) == {
        "first": first[1], "first_by": first[0], "second": second[1], "second_by": second[0],
    }  # fmt: skip
    assert [each.holder for each in written(world, r.SealUsed)] == [
        who for how, who in (first, second) if how == "code"
    ]
    assert body.lines[0].key == "desk.forced"
    left_s = world.loop._timers[desk.END] - world.clock.now_s
    assert left_s == desk.FORCED_S < world.setup.timeouts.desk_max_s
    world.time_out(desk.END)
    assert world.phase is Phase.IDLE and world.loop.state.present == ()


@pytest.mark.parametrize("ways", list(product(("card", "code"), repeat=2)))
def test_one_person_twice_is_one_person(world: StaffWorld, ways: tuple[str, str]) -> None:
    by(world, ways[0], "technician")
    if ways == ("code", "code"):
        world.tap(i.UseSealedCode)
        world.code("technician")  # used up
    else:
        by(world, ways[1], "technician")
    assert not isinstance(world.view.body, StaffDesk) and written(world, r.StaffEntered) == []


def test_a_code_is_used_up_when_it_was_entered_also_over_a_power_cut(world: StaffWorld) -> None:
    refused(world)
    with_code(world, "technician")
    assert world.view.body == StaffNote("second")
    world.clock.now_s += two_people.HALF_S + 1
    world.time_out(desk.LOGIN)
    assert world.phase is Phase.IDLE
    again = StaffWorld(world.records, world.physics, world.setup).boot()
    assert len(desk.unused_seals(again.loop.state)) == len(HOLDERS) - 1
    refused(again)
    again.tap(i.UseSealedCode)
    again.code("technician")
    assert isinstance(again.view.body, StaffNote) and again.view.body.code == "wait"
    assert written(again, r.IncidentOpened) == []


def test_a_second_has_three_minutes(world: StaffWorld) -> None:
    refused(world)
    with_code(world, "technician")
    world.clock.now_s += two_people.HALF_S + 1
    with_code(world, "officer")
    assert world.view.body == StaffNote("second") and written(world, r.StaffEntered) == []


def test_wrong_codes_wait_longer_and_are_nobodys_card(world: StaffWorld) -> None:
    """They delay codes and never a person's own PIN; a right one ends the count."""
    refused(world)
    world.tap(i.UseSealedCode)
    waits = []
    for _ in range(3):
        world.code("nobody")
        waits.append(world.view.body.ends_at_s - world.clock.now_s)
        world.clock.now_s += waits[-1]
        world.time_out(desk.LOGIN)
        assert isinstance(world.view.body, StaffPin)
    assert waits == [5.0, 10.0, 20.0]
    assert world.ledger.wrong_pins == {two_people.CODES: 3}
    world.code("officer")
    assert world.ledger.wrong_pins == {}
    assert {each.staff for each in written(world, r.StaffRefused)} == {two_people.CODES}


@pytest.mark.parametrize("spoilt", ["message", "key", "op"])
def test_a_signature_that_is_not_this_codes_over_this_challenge_opens_nothing(
    world: StaffWorld, spoilt: str
) -> None:
    refused(world)
    world.tap(i.UseSealedCode)
    asked = world.code_asked
    assert asked is not None
    world.event(
        ports.CodeSigned(
            asked.device,
            OpId("other") if spoilt == "op" else asked.op,
            "0" * 64 if spoilt == "key" else asked.keys[0].public,
            b"0" * 64,
        )
    )
    assert written(world, r.SealUsed, r.StaffEntered) == []
    if spoilt != "op":
        assert world.view.body == StaffNote("signature")


def test_the_only_cash_officers_card_is_blocked_and_the_day_is_closed(world: StaffWorld) -> None:
    """A technician at his desk by a good card, and the officer's code: now the cash path is open, and it is told."""
    world.login("technician")
    assert "SetPieces" not in world.view.intents
    with_code(world, "officer")
    body = world.view.body
    assert isinstance(body, StaffDesk) and (body.role, body.who, body.beside) == (
        "cash_officer",
        "officer",
        "technician",
    )
    world.do(i.CloseDay())
    assert [each.operator for each in written(world, r.DayClosed)] == ["officer"]
    assert [each.code for each in written(world, r.IncidentOpened)] == [two_people.FORCED_INCIDENT]


def test_a_good_card_beside_a_desk_is_a_colleague_and_no_break_glass(world: StaffWorld) -> None:
    world.login("technician")
    world.login("officer")
    body = world.view.body
    assert isinstance(body, StaffDesk) and (body.role, body.beside) == ("technician", "officer")
    assert written(world, r.IncidentOpened, r.SealUsed) == []


def test_both_readers_are_dead_and_two_codes_open_it() -> None:
    world = made(replace(SETUP, staff_reader="staffcard"))
    world.event(ports.DeviceLost(world.setup.card_reader, "no-reader"))
    assert isinstance(world.view.body, OutOfService) and "UseSealedCode" not in world.view.intents
    world.event(ports.DeviceLost(world.setup.staff_reader, "no-reader"))
    with_code(world, "technician")
    with_code(world, "treasurer")
    body = world.view.body
    assert isinstance(body, StaffDesk) and body.role == "technician"
    world.tap(i.Cancel)
    assert world.phase is Phase.OUT_OF_SERVICE


def test_the_list_of_staff_is_lost_and_two_codes_open_it() -> None:
    world = made()
    world.loop.state = replace(world.loop.state, setup=replace(world.setup, staff=(), staff_authorities=()))
    world.lay("officer")
    assert world.view.body == StaffNote("unknown", is_card_there=True)
    assert "UseSealedCode" not in world.view.intents, "the card is taken first"
    world.take_staff_card()
    with_code(world, "officer")
    with_code(world, "technician")
    assert isinstance(world.view.body, StaffDesk) and world.view.body.role == "cash_officer"


def test_nobody_in_the_lobby_is_offered_it(world: StaffWorld) -> None:
    """Not at rest, not in a visit, and nowhere on a machine that has no code."""
    assert "UseSealedCode" not in world.view.intents
    world.event(ports.PrinterRead(world.setup.certificate_printer, False, ("media-jam",)))
    assert world.phase is Phase.OUT_OF_SERVICE and "UseSealedCode" not in world.view.intents
    bare = made(holders=())
    refused(bare)
    assert "UseSealedCode" not in bare.view.intents
    bare.login("technician")
    assert "UseSealedCode" not in bare.view.intents


def test_who_types_nothing_gives_the_display_back(world: StaffWorld) -> None:
    refused(world)
    world.tap(i.UseSealedCode)
    assert world.loop._timers[desk.LOGIN] - world.clock.now_s == desk.TYPING_S
    world.tap(i.Cancel)
    assert world.phase is Phase.IDLE
    assert isinstance(world.commands[-2], ports.ClosePinSlot) or any(
        isinstance(each, ports.ClosePinSlot) for each in world.commands
    )
    world.lay("officer")
    assert world.loop._timers[desk.LOGIN] - world.clock.now_s == desk.TYPING_S
