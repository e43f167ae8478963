"""The note machine against the simulated device: notes that go out, and every hazard that concerns them."""

from __future__ import annotations

import random

import pytest

from drivers.id003.codec import Frame
from drivers.id003.messages import Command, Status
from kiosk.ports import (
    AcceptanceSet,
    AcknowledgePayout,
    DeviceFault,
    DispenseEnded,
    HopperRead,
    NoteCredited,
    NotePaid,
    NotePresented,
    NoteRetracted,
    NoteStacked,
    Outcome,
    ResetNotePath,
    StopDispense,
)
from tests.codec.id003_table import (
    BOX1,
    HEARD,
    NOTE1,
    NOTE5000,
    OP,
    PAYOUT_NUMBER,
    UNANSWERED,
    UNHEARD,
    Table,
    number,
)

# --- paying out


def test_notes_are_paid_and_each_is_durable_before_the_next() -> None:
    table = Table(is_prompt=False)
    before = table.ready()
    table.pay(2)
    assert table.until(NotePresented).op == OP
    assert table.until(NotePaid).paid == 1
    table.run(20)
    assert table.taken() == 1, "the second waits for the record of the first"
    assert Command.ACK not in table.sent
    table.perform(AcknowledgePayout(OP, BOX1, 1))
    assert table.until(NotePaid).paid == 2
    table.perform(AcknowledgePayout(OP, BOX1, 2))
    assert table.ended() == DispenseEnded(OP, BOX1, Outcome.CONFIRMED, 2, 2, before.count - 2, -1, "")
    assert table.until(HopperRead).count == 28
    assert (table.taken(), table.sent.count(PAYOUT_NUMBER)) == (2, 1)


@pytest.mark.parametrize("fate", [UNHEARD, UNANSWERED])
def test_a_lost_answer_to_a_payout_is_never_asked_for_again(fate: str) -> None:
    """Lost reply to dispense: no resend; counts and status decide."""
    table = Table()
    table.ready()
    table.fate = lambda frame: fate if number(frame) == PAYOUT_NUMBER else HEARD
    table.pay(3)
    ended = table.ended()
    assert table.sent.count(PAYOUT_NUMBER) == 1
    expected = (Outcome.REFUSED, 0) if fate == UNHEARD else (Outcome.CONFIRMED, 3)
    assert (ended.outcome, ended.paid) == expected
    assert table.taken() == ended.paid
    table.pay(3)
    table.run(5)
    assert table.sent.count(PAYOUT_NUMBER) == 1, "an operation reaches the device once"


def test_an_empty_box_gives_what_it_has() -> None:
    """Partial payout, empty box: the remainder is another unit's, or a slip."""
    table = Table(notes=2)
    table.world.remember(count=5)  # the device is wrong about its box
    table.ready()
    table.pay(4)
    ended = table.ended()
    assert (ended.outcome, ended.paid, ended.asked, table.taken()) == (Outcome.PARTIAL, 2, 4, 2)


def test_a_box_that_says_it_has_too_few_is_not_asked() -> None:
    table = Table(notes=2)
    table.ready()
    table.pay(3)
    assert (table.ended().code, table.sent.count(PAYOUT_NUMBER)) == ("empty", 0)


def test_a_count_that_moved_since_the_intent_refuses_before_a_command_leaves() -> None:
    table = Table()
    table.ready()
    table.world.remember(count=29)
    table.pay(1)
    assert (table.ended().code, table.sent.count(PAYOUT_NUMBER)) == ("stale-evidence", 0)


def test_a_note_in_the_bezel_waits_and_is_not_paid() -> None:
    """Note waiting in the bezel: told, so that somebody asks aloud; not taken is not paid."""
    table = Table(take_s=None)
    table.ready()
    table.pay(1)
    table.until(NotePresented)
    table.run(20)
    assert table.all(NotePresented) == table.all(NotePaid) == table.all(DispenseEnded) == []
    assert table.until(NoteRetracted).op == OP
    ended = table.ended()
    assert (ended.outcome, ended.paid, ended.code) == (Outcome.REFUSED, 0, "not-taken")
    assert (table.inside(), table.taken()) == (30, 0)


def test_a_payout_can_be_stopped() -> None:
    table = Table(take_s=None)
    table.ready()
    table.pay(5)
    table.until(NotePresented)
    table.perform(StopDispense(OP, BOX1))
    table.run(1)
    table.sim.take(table.now)
    ended = table.ended()
    assert (ended.outcome, ended.paid, ended.code) == (Outcome.PARTIAL, 1, "stopped")
    assert table.taken() == 1


@pytest.mark.parametrize("crash_after", range(0, 60, 3))
@pytest.mark.parametrize("loses_power", [False, True])
def test_a_crash_at_any_exchange_of_a_payout_is_resolved_by_reading(
    crash_after: int, loses_power: bool
) -> None:
    """Power loss in payout: counts first, reset last. What is called paid is paid; nothing is paid twice."""
    table = Table(is_prompt=False)
    before = table.ready()
    table.events.clear()
    table.pay(2)
    durable = 0
    for _ in range(crash_after):
        table.exchange()
        for paid in table.all(NotePaid):
            durable = paid.paid
            table.events.remove(paid)
            if crash_after % 2:  # every other time the core dies between the record and the ACK
                table.perform(AcknowledgePayout(OP, BOX1, durable))
    if table.all(DispenseEnded):
        return
    if loses_power:
        table.sim.power_up(table.now)
    table.new_machine()
    table.events.clear()
    table.is_prompt = True
    table.start()
    table.until(HopperRead)
    table.resolve(2, before, durable)
    ended = table.ended()
    assert ended.paid <= table.taken() + table.on_the_way_out()
    if ended.outcome is not Outcome.UNKNOWN:
        assert ended.paid == table.taken()
        assert table.on_the_way_out() == 0
    assert loses_power or ended.outcome is not Outcome.UNKNOWN, "the device held what the journal lacked"
    assert table.sent.count(PAYOUT_NUMBER) <= 1
    assert table.taken() <= 2


def test_a_pay_valid_of_a_note_that_is_counted_already_is_not_counted_again() -> None:
    """Double count: the number was durable and the ACK was not sent; or the number was not durable yet."""
    for durable, taken in ((1, 1), (0, 1)):
        table = Table(is_prompt=False)
        before = table.ready()
        table.pay(2)
        table.until(NotePaid)
        table.new_machine()
        table.events.clear()
        table.is_prompt = True
        table.start()
        table.until(HopperRead)
        table.resolve(2, before, durable)
        assert (table.taken(), table.ended().outcome) == (taken, Outcome.CONFIRMED)
        assert table.taken() == 2


def test_a_silent_device_in_a_payout_is_unknown() -> None:
    table = Table(is_prompt=False)
    table.ready()
    table.pay(2)
    table.until(NotePaid)
    table.fate = lambda _frame: UNHEARD
    ended = table.ended()
    assert (ended.outcome, ended.paid, ended.code) == (Outcome.UNKNOWN, 1, "no-answer")


def test_a_jam_in_a_payout_ends_in_what_is_proven() -> None:
    table = Table()
    table.ready()
    table.pay(3)
    table.until(NotePaid)
    table.run(0.35)
    table.sim.fail(Status.RECYCLER_FAILURE)
    ended = table.ended()
    assert (ended.outcome, ended.paid) == (Outcome.UNKNOWN, 1), (
        "one note left the box and is nowhere to be seen"
    )
    assert table.taken() == 1
    assert DeviceFault(BOX1, "counts-disagree") in table.events


def test_resolving_with_another_device_in_its_place_is_unknown() -> None:
    table = Table()
    before = table.ready()
    table.machine.identity = table.machine.boxes.identity = "another"
    table.resolve(2, before)
    ended = table.ended()
    assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "wrong-serial")


def test_a_box_that_recycles_another_note_is_not_paid_from() -> None:
    table = Table()
    table.start()
    table.run(0.5)
    table.machine.boxes.settings = table.machine.boxes.settings.__class__(
        (table.machine.boxes.settings.boxes[0].__class__(BOX1, 1, NOTE5000),)
    )
    table.perform(ResetNotePath(NOTE1))
    table.until(AcceptanceSet)
    table.pay(1)
    assert (table.ended().outcome, table.sent.count(PAYOUT_NUMBER)) == (Outcome.REFUSED, 0)


# --- the line


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_line_does_a_note_is_credited_once_and_a_payout_sent_once(seed: int) -> None:
    """Lost reply to a poll: ask again; credit by the device's own hold, never by message count."""
    table = Table()
    chance = random.Random(seed)

    def hurt(_frame: Frame) -> str:
        return chance.choices([HEARD, UNHEARD, UNANSWERED], [6, 1, 1])[0]

    table.stack()
    table.fate = hurt
    table.run(20)
    assert (len(table.all(NoteCredited)), len(table.all(NoteStacked)), table.inside()) == (1, 1, 31)
    table.pay(2)
    ended = table.ended()
    table.run(10)
    assert table.sent.count(PAYOUT_NUMBER) <= 1
    assert ended.outcome is Outcome.UNKNOWN or ended.paid == table.taken()


def test_an_empty_box_is_set_to_the_note_that_the_configuration_says() -> None:
    table = Table(notes=0)
    table.start()
    table.run(0.5)
    boxes = table.machine.boxes
    boxes.settings = boxes.settings.__class__((boxes.settings.boxes[0].__class__(BOX1, 1, NOTE5000),))
    table.perform(ResetNotePath(NOTE1))
    table.until(AcceptanceSet)
    assert table.world.memory["recycles"] == 0b1000001, "61 and 67, by the device's own table"
    assert boxes._published[1].denomination is NOTE5000


def test_why_the_recycler_failed_is_told_and_cleared_with_the_fault() -> None:
    table = Table()
    table.ready()
    table.events.clear()
    table.sim.fail(Status.RECYCLER_FAILURE)
    table.run(1)
    table.sim.clear(table.now)
    table.run(1)
    faults = [(event.code, event.clear) for event in table.all(DeviceFault)]
    assert faults == [
        ("recycler-failure", False),
        ("recycler-jam", False),
        ("recycler-jam", True),
        ("recycler-failure", True),
    ]
