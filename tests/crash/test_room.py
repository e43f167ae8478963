"""Schedules of wire faults and deaths over a whole kiosk in one process: `campaign_room.py` runs them by the hundred
thousand, here is a seeded slice, and every death once for one visit."""

from __future__ import annotations

import pytest

from kiosk.engine.state import Phase
from kiosk.money import Yen
from kiosk.ports import Outcome
from tests.crash.campaign_room import Schedule, drawn, every_death, play
from tests.crash.room import VISITS, Hardware, Room, pays_with_a_coin, pays_with_a_note

SLICE = 150


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.__name__)
def test_a_visit_without_a_fault_ends_to_the_yen(visit: object) -> None:
    played = play(Schedule(VISITS.index(visit), "", 0, "", 0, 0, "", 0))  # type: ignore[arg-type]
    assert played == ""


def test_the_kiosk_of_one_process_comes_up() -> None:
    room = Room(Hardware()).boot()
    assert room.phase.value == "idle"
    assert room.loop.state.notes_open == ()


def test_a_night_without_power_leaves_no_incident() -> None:
    """Both counters are at 0 in the morning; the slot was shut when the power went."""
    room = Room(Hardware()).boot()
    pays_with_a_coin(room)
    room.hardware._coins_die()
    room.hardware._notes_die()
    again = room.reborn().boot()
    again.live(5)
    assert again.phase is Phase.IDLE
    assert not again.ledger.incidents
    assert not again.ledger.credit_doubts


def test_a_late_coin_is_of_the_visit_that_had_the_slot_open() -> None:
    """Another transaction is open all the same: its paper is in doubt, and waits for staff."""
    room = Room(Hardware()).boot()
    room.physics.print_outcome = Outcome.UNKNOWN
    pays_with_a_coin(room)
    room.physics.print_outcome = Outcome.CONFIRMED
    assert len(room.ledger.open_transactions) == 1
    room.until_pay()
    assert room.live(3, room.is_open)
    second = room.loop.state.session
    assert room.coin(100)
    again = room.reborn().boot()  # the core died before it heard of the coin
    again.live(3)
    assert not again.ledger.unassigned
    assert second is not None
    assert again.ledger.accounts[second.transaction].held == Yen(100)


def test_an_acceptor_that_lost_its_power_with_the_slot_open_is_a_doubt() -> None:
    room = Room(Hardware()).boot()
    room.until_pay()
    assert room.live(3, room.is_open)
    room.hardware.coin_line.pair.is_cut = True
    room.live(3)
    room.hardware._coins_die()
    room.hardware.coin_line.pair.is_cut = False
    room.live(10)
    assert "M-404" in {each.code for each in room.ledger.incidents.values()}


@pytest.mark.parametrize("where", ["before", "after", "write"])
def test_a_visit_with_a_note_dies_once_at_each_moment(where: str) -> None:
    """Every journal write, before and after it is durable, and every write of either wire; reads are the campaign's."""
    ends = list(every_death(VISITS.index(pays_with_a_note), where))
    assert len(ends) > 10
    assert [wrong for _, wrong in ends if wrong] == []


@pytest.mark.parametrize("seed", range(SLICE))
def test_a_schedule_ends_to_the_yen(seed: int) -> None:
    schedule = drawn(seed)
    assert play(schedule) == "", schedule
