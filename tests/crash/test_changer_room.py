"""A kiosk whose only cash device is a change machine (自動釣銭機), through the verbs of UnifiedPOS: engine, journal,
till, example driver and simulator in one process, on one clock, with deaths and faults of the line."""

from __future__ import annotations

import random

import pytest

from kiosk import intents
from kiosk.engine.state import Phase
from kiosk.journal.records import CoinIn
from kiosk.money import Denomination, Yen
from kiosk.ports import CoinAccepted
from tests.crash.changer_room import CHANGER, UNITS, ChangerHardware, ChangerRoom
from tests.crash.room import (
    WIRE_FAULTS,
    Death,
    Room,
    cancels_after_a_note_and_a_coin,
    disarm,
    is_refunded,
    pays_with_a_coin,
    pays_with_a_note,
)
from tests.engine.world import CrashError

D = Denomination
VISITS = (pays_with_a_note, pays_with_a_coin, cancels_after_a_note_and_a_coin, is_refunded)
SLICE = 40
MOMENTS = {"write": 90, "read": 90, "before": 24, "after": 24}


def fresh() -> ChangerRoom:
    room = ChangerRoom(ChangerHardware())
    room.boot()
    return room


def lived(room: Room, death: Death | None, act: object) -> Room:
    """Until done, or dead and born again."""
    if death is not None:
        death.arm(room)
    try:
        act(room)  # type: ignore[operator]
    except CrashError:
        room.is_dead = True
    disarm(room)
    if not room.is_dead:
        return room
    if death is not None and death.where in ("before", "after"):
        room.last_gasp()
    return room.reborn()


def recover(room: Room) -> None:
    room.boot()
    room.hands(120)


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.__name__)
def test_a_visit_at_a_change_machine_ends_to_the_yen(visit: object) -> None:
    room = fresh()
    assert room.phase is Phase.IDLE
    visit(room)  # type: ignore[operator]
    room.live(3)
    assert room.account_for_every_yen() == ""
    assert room.phase is Phase.IDLE
    assert not room.ledger.incidents


def test_change_comes_from_the_stacks_and_the_books_follow() -> None:
    room = fresh()
    pays_with_a_note(room)
    assert room.ledger.totals.change == Yen(800)
    assert {unit: room.ledger.units[unit].count[face] for unit, face in UNITS.items()} == {
        "stack10": 30,
        "stack50": 30,
        "stack100": 27,
        "stack500": 29,
        "stack1000": 31,
    }


def test_no_piece_is_the_machines_before_its_credit_is_durable() -> None:
    """endDeposit is not sent to a journal that no longer answers: the money can still be given back by hand."""
    room = fresh()
    _to_pay(room)
    room.journal.broken = True
    assert room.coin(500)
    room.live(10)
    assert room.hardware.machine.picture()["deposit"]["state"] == "fixed"
    assert not any(isinstance(each, CoinIn) for each in room.records)


def _to_pay(room: ChangerRoom) -> None:
    room.until_pay()
    assert room.live(5, room.is_open)


def test_a_deposit_that_outlives_the_core_is_credited_once() -> None:
    room = fresh()
    _to_pay(room)
    room.coin(50)
    room.live(1)
    room.coin(50)
    room.coin(10)  # the core dies before it hears of these two
    again = room.reborn()
    again.boot()
    again.live(6)
    assert again.ledger.totals.cash_in == Yen(110)
    assert again.phase is Phase.OFFERING_BACK
    again.tap(intents.GiveBack)
    again.hands(60)
    assert again.account_for_every_yen() == ""
    assert not again.ledger.incidents
    once_more = again.reborn()
    once_more.boot()
    assert not any(isinstance(each, CoinAccepted) for each in once_more.told), "told, and told for good"


def test_a_machine_without_power_in_a_deposit_calls_a_person() -> None:
    """It forgot the deposit, and here it gave the pieces back: nobody is paid twice, and staff are told."""
    room = fresh()
    _to_pay(room)
    room.coin(100)
    room.live(1)
    room.hardware.machine.power_up()
    room.live(10)
    assert "M-404" in {each.code for each in room.ledger.incidents.values()}
    assert room.intended() == 0


def test_power_off_at_night_leaves_no_incident() -> None:
    room = fresh()
    pays_with_a_coin(room)
    room.hardware.machine.power_up()
    again = room.reborn()
    again.boot()
    again.live(5)
    assert again.phase is Phase.IDLE
    assert not again.ledger.incidents
    pays_with_a_coin(again)
    assert again.account_for_every_yen() == ""


def test_what_the_machine_is_not_sure_of_is_not_planned_with() -> None:
    room = fresh()
    room.hardware.pieces.memory["discrepancy"] = 1
    pays_with_a_coin(room)  # its counts are read again behind each deposit
    assert {device for device, _ in room.loop.state.faults} >= set(UNITS)


@pytest.mark.parametrize("where", ["before", "after", "write"])
@pytest.mark.parametrize(
    "visit", [pays_with_a_note, cancels_after_a_note_and_a_coin], ids=["pays", "cancels"]
)
def test_a_visit_at_a_change_machine_dies_once_at_each_moment(visit: object, where: str) -> None:
    at = 0
    while True:
        at += 1
        room = fresh()
        after = lived(room, Death(where, at), visit)
        if after is room:
            break
        recover(after)
        after.live(3)
        assert after.account_for_every_yen() == "", (where, at)
    assert at > 10


@pytest.mark.parametrize("seed", range(SLICE))
def test_faults_and_deaths_at_a_change_machine(seed: int) -> None:
    """One exchange is hurt (a payout as often as any other), the core dies, and perhaps again while it recovers."""
    dice = random.Random(seed)  # a schedule, no secret
    room: Room = fresh()
    assert isinstance(room, ChangerRoom)
    wire = room.hardware.line.wire
    wire.counts.clear()
    wire.script = {(dice.choice((0, 7, 8, 9)), dice.randint(1, 3)): dice.choice(WIRE_FAULTS)}
    for act in (dice.choice(VISITS), recover):
        where = dice.choice(("", *MOMENTS))
        death = Death(where, dice.randint(1, MOMENTS[where])) if where else None
        after = lived(room, death, act)
        if after is room:
            break
        room = after
    wire.script = {}
    if room.loop.state.phase is Phase.STARTING:
        recover(room)
    room.hands(120)
    room.live(3)
    assert room.account_for_every_yen() == "", seed
    assert all(each.device == CHANGER for each in room.records if isinstance(each, CoinIn))
