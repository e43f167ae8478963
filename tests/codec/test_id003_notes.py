"""The note machine against the simulated device: notes that come in, and every hazard that concerns them."""

from __future__ import annotations

import pytest

from drivers.id003.codec import Frame
from drivers.id003.messages import Command, Status
from drivers.id003.sim.world import CASHBOX, HEAD, RECYCLER
from kiosk.ids import OpId
from kiosk.ports import (
    AcceptanceSet,
    AcknowledgeCredit,
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    HopperRead,
    NoteCredited,
    NoteEscrowed,
    NoteInDoubt,
    NoteRefused,
    NoteReturned,
    NoteStacked,
    ResetNotePath,
    ReturnNote,
    SetAcceptance,
    StackNote,
)
from tests.codec.id003_table import (
    BOX1,
    HEARD,
    NOTE1,
    NOTE1000,
    OP,
    UNANSWERED,
    UNHEARD,
    Table,
)

# --- coming up


def test_it_is_named_read_and_closed_before_anything_else() -> None:
    table = Table()
    read = table.ready()
    assert (read.device, read.denomination, read.count, read.event_counter) == (BOX1, NOTE1000, 30, 30)
    assert table.machine.identity.startswith("S(JPN)")
    assert Command.RESET in table.sent, "it was switched on anew, and the core said so"
    assert not table.sim.insert("N1000F", table.now), "closed until SetAcceptance"


def test_a_reset_is_never_our_reflex() -> None:
    """Reset while there may be money: it waits for the core, whatever the device says."""
    table = Table()
    table.start()
    table.run(5)
    assert [event.code for event in table.all(DeviceFault)] == ["powered-up"]
    assert len(table.all(HopperRead)) == 1, "counts are read before"
    table.sim.fail(Status.JAM_IN_STACKER)
    table.run(5)
    assert Command.RESET not in table.sent
    first = [type(event) for event in table.events]
    assert first.index(HopperRead) < first.index(DeviceFault)


def test_only_money_of_the_device_s_own_table_counts() -> None:
    table = Table()
    table.machine.settings = table.machine.settings.__class__(NOTE1, country=1)
    table.start()
    table.run(0.5)
    table.perform(ResetNotePath(NOTE1))
    assert table.until(DeviceLost).code == "wrong-currency"


@pytest.mark.parametrize(("issue", "code"), [("N1000F", "62"), ("N1000E", "65")])
def test_old_and_new_notes_are_one_face_by_the_device_s_table(issue: str, code: str) -> None:
    table = Table()
    note = table.escrow(issue)
    assert (note.denomination, note.issue) == (NOTE1000, code)
    table.perform(StackNote(OP, NOTE1))
    credit = table.until(NoteCredited)
    assert (credit.op, credit.denomination, credit.issue) == (OP, NOTE1000, code)
    stacked = table.until(NoteStacked)
    assert stacked.unit == (BOX1 if issue == "N1000F" else CASHBOX), "only new notes are recycled here"


def test_the_mask_lets_in_what_is_wanted_and_nothing_else() -> None:
    """Change impossible: a face is refused before it is taken, by the device itself."""
    table = Table()
    table.ready()
    table.perform(SetAcceptance(NOTE1, (NOTE1000,)))
    assert table.until(AcceptanceSet).denominations == (NOTE1000,)
    table.run(0.2)
    table.sim.insert("N5000F", table.now)
    assert table.until(NoteRefused).code == "inhibited"
    table.run(1)
    assert table.all(NoteEscrowed) == []
    assert table.given_back() == 1


def test_it_is_told_as_closed_when_the_note_in_hand_is_through() -> None:
    table = Table()
    table.escrow()
    table.perform(SetAcceptance(NOTE1, ()))
    table.run(1)
    assert table.all(AcceptanceSet) == []
    table.perform(StackNote(OP, NOTE1))
    table.until(NoteStacked)
    assert table.until(AcceptanceSet).denominations == ()


# --- escrow


def test_a_note_waits_for_the_core_and_goes_back_when_it_says_so() -> None:
    table = Table()
    table.escrow()
    table.perform(ReturnNote(NOTE1))
    assert table.until(NoteReturned) == NoteReturned(NOTE1, "asked")
    assert (table.inside(), table.given_back()) == (30, 1)


def test_a_note_that_nobody_decides_about_goes_back() -> None:
    table = Table()
    table.escrow()
    assert table.until(NoteReturned).code == "undecided"
    assert table.given_back() == 1
    table.perform(StackNote(OP, NOTE1))
    assert table.until(NoteReturned) == NoteReturned(NOTE1, "not-in-escrow", OP)
    table.run(3)
    assert table.all(NoteCredited) == []


@pytest.mark.parametrize("fate", [UNHEARD, UNANSWERED])
def test_a_lost_stack_order_is_one_note_and_one_credit(fate: str) -> None:
    table = Table()
    table.escrow()
    hurt = [3]

    def once(frame: Frame) -> str:
        if frame.command == Command.STACK_2 and hurt[0]:
            hurt[0] -= 1
            return fate
        return HEARD

    table.fate = once
    table.perform(StackNote(OP, NOTE1))
    table.run(10)
    assert [type(event) for event in table.events if not isinstance(event, HopperRead)] == [
        NoteCredited,
        NoteStacked,
    ]
    assert table.inside() == 31


def test_a_note_that_cannot_be_stacked_is_no_credit() -> None:
    """Credit written before stacking: a note that comes back while it is being stacked is proven to be back."""
    table = Table()
    table.stack()
    table.run(0.1)
    table.sim._reason = 0x75
    table.sim._go(Status.REJECTING, table.now, 0.3)
    table.run(3)
    assert table.all(NoteReturned) == [NoteReturned(NOTE1, "transport", OP)]
    assert table.all(NoteCredited) == []


# --- the commit point


def test_ack_waits_until_the_credit_is_durable() -> None:
    """ACK sent, then crash: write and fsync first, then ACK."""
    table = Table(is_prompt=False)
    table.stack()
    assert table.until(NoteCredited).op == OP
    table.run(30)
    assert Command.ACK not in table.sent
    assert table.sim.status == Status.VEND_VALID, "it is held for as long as it takes"
    assert table.all(NoteCredited) == [], "told once"
    table.perform(AcknowledgeCredit(OpId("another"), NOTE1))
    table.run(1)
    assert Command.ACK not in table.sent
    table.perform(AcknowledgeCredit(OP, NOTE1))
    assert table.until(NoteStacked).op == OP
    assert table.sent.count(Command.ACK) == 1


def test_a_lost_ack_is_given_again_and_is_no_second_credit() -> None:
    """Duplicated credit."""
    table = Table()
    lost = [3]

    def lose(frame: Frame) -> str:
        if frame.command == Command.ACK and lost[0]:
            lost[0] -= 1
            return UNHEARD
        return HEARD

    table.fate = lose
    table.stack()
    assert table.until(NoteStacked).op == OP
    assert len(table.all(NoteCredited)) == 0
    assert table.sent.count(Command.ACK) == 4


def test_the_core_dies_before_the_credit_is_durable() -> None:
    """The device still says VEND VALID: the same credit, under the same operation, once."""
    table = Table(is_prompt=False)
    table.stack()
    table.until(NoteCredited)
    table.new_machine()
    table.events.clear()
    table.start(OP)
    again = table.until(NoteCredited)
    assert (again.op, again.denomination) == (OP, NOTE1000)
    table.perform(AcknowledgeCredit(OP, NOTE1))
    assert table.until(NoteStacked).op == OP
    assert table.inside() == 31


def test_the_core_dies_between_the_record_and_the_ack() -> None:
    table = Table(is_prompt=False)
    table.stack()
    table.until(NoteCredited)
    table.new_machine()
    table.events.clear()
    table.start(OP, is_credited=True)
    assert table.until(NoteStacked).op == OP
    assert table.all(NoteCredited) == []


def test_the_core_dies_after_everything() -> None:
    table = Table()
    table.stack()
    table.until(NoteStacked)
    table.new_machine()
    table.events.clear()
    table.start(OP, is_credited=True)
    assert table.until(NoteStacked).op == OP
    assert table.all(NoteReturned) == table.all(NoteInDoubt) == []


def test_a_stack_order_that_never_left_is_a_note_that_went_back() -> None:
    """The intent is durable and the core died before the command: the note is given back, and it is proven."""
    table = Table()
    table.escrow()
    table.new_machine()
    table.events.clear()
    table.start(OP)
    assert table.until(NoteReturned) == NoteReturned(NOTE1, "restart", OP)
    assert table.given_back() == 1
    table.run(1)
    assert table.all(NoteCredited) == []


def test_a_note_of_nobody_is_held_and_not_acknowledged() -> None:
    """VEND VALID of a note that the journal does not know: UNKNOWN, for a person."""
    table = Table(is_prompt=False)
    table.stack()
    table.until(NoteCredited)
    table.new_machine()
    table.events.clear()
    table.start()
    assert table.until(NoteInDoubt).code == "credit-unasked"
    table.run(5)
    assert Command.ACK not in table.sent[-50:]
    assert table.all(NoteInDoubt) == []


# --- power


@pytest.mark.parametrize("is_new_core", [False, True])
def test_a_note_in_escrow_at_a_power_cut_goes_back(is_new_core: bool) -> None:
    """Note in escrow at shutdown: journal it, return it if possible, never credit it."""
    table = Table()
    table.stack()
    table.sim._go(Status.ESCROW, table.now, 10)  # the order came too late
    table.sim.power_up(table.now)
    if is_new_core:
        table.new_machine()
        table.events.clear()
        table.start(OP)
    doubt = table.until(NoteInDoubt)
    assert (doubt.op, doubt.code) == (OP, "powered-up-in-acceptor")
    assert table.until(DeviceFault).code == "powered-up-in-acceptor"
    table.run(3)
    assert Command.RESET not in table.sent[-20:]
    table.perform(ResetNotePath(NOTE1))
    assert table.until(NoteReturned).op == OP
    assert table.given_back() == 1
    assert table.all(NoteCredited) == []


@pytest.mark.parametrize("is_new_core", [False, True])
def test_a_power_cut_between_stacking_and_the_record_is_one_credit(is_new_core: bool) -> None:
    table = Table(is_prompt=False)
    table.stack()
    table.run(0.5)
    assert table.sim.status == Status.VEND_VALID
    table.events.clear()
    table.sim.power_up(table.now)
    if is_new_core:
        table.new_machine()
        table.start(OP)
    table.run(1)
    table.perform(AcknowledgeCredit(OP, NOTE1))
    table.perform(ResetNotePath(NOTE1))
    table.is_prompt = True
    assert table.until(NoteStacked).op == OP
    assert table.inside() == 31
    assert table.sim.status != Status.VEND_VALID


def test_a_power_cut_that_the_device_does_not_explain_stays_unknown() -> None:
    """UNKNOWN is sticky: a device that rests after it was without power proves nothing."""
    table = Table(is_prompt=False)
    table.stack()
    table.run(0.1)
    table.world.move(HEAD, CASHBOX, "N1000F")  # it went in, and the device has forgotten
    table.sim.power_up(table.now)
    assert table.until(NoteInDoubt).op == OP
    table.run(1)
    table.perform(ResetNotePath(NOTE1))
    table.run(10)
    assert table.all(NoteReturned) == table.all(NoteCredited) == table.all(NoteStacked) == []


def test_a_credited_note_that_comes_back_is_for_a_person() -> None:
    table = Table(is_prompt=False)
    table.stack()
    table.until(NoteCredited)
    table.sim._go(Status.RETURNING, table.now)
    assert table.until(NoteInDoubt).code == "returned-after-credit"


# --- faults


@pytest.mark.parametrize(
    ("status", "data", "code", "is_within_reach"),
    [
        (Status.STACKER_FULL, b"", "stacker-full", False),
        (Status.STACKER_OPEN, b"", "stacker-open", False),
        (Status.JAM_IN_ACCEPTOR, b"", "jam-in-acceptor", True),
        (Status.JAM_IN_STACKER, b"", "jam-in-stacker", False),
        (Status.PAUSE, b"", "pause", True),
        (Status.CHEATED, b"", "cheated", False),
        (Status.FAILURE, b"\xa2", "failure-stack-motor", False),
        (Status.FAILURE, b"\xb9", "failure-b9", False),
        (Status.RECYCLER_FAILURE, b"", "recycler-failure", False),
    ],
)
def test_each_fault_has_a_word_and_says_who_can_end_it(
    status: Status, data: bytes, code: str, is_within_reach: bool
) -> None:
    table = Table()
    table.ready()
    table.events.clear()
    table.sim.fail(status, data)
    assert table.until(DeviceFault) == DeviceFault(NOTE1, code, is_within_reach=is_within_reach)
    table.run(2)
    assert [event for event in table.all(DeviceFault) if event.code == code] == []
    table.sim.clear(table.now)
    while table.until(DeviceFault) != DeviceFault(NOTE1, code, clear=True):
        pass
    assert table.until(AcceptanceSet).denominations == (), "set up anew, and closed"


def test_a_jam_with_a_note_inside_is_unknown_until_it_is_seen() -> None:
    """Jam: no blind motor retries; the note is somebody's, and nobody knows whose."""
    table = Table()
    table.stack()
    table.run(0.05)
    table.sim.fail(Status.JAM_IN_STACKER)
    assert table.until(NoteInDoubt).op == OP
    sent = len(table.sent)
    table.run(20)
    assert set(table.sent[sent:]) == {Command.STATUS}
    table.sim.clear(table.now)
    table.until(AcceptanceSet)
    assert table.all(NoteReturned) == table.all(NoteCredited) == []


# --- the line


def test_a_line_that_goes_and_comes_back_finds_the_note_where_it_was() -> None:
    table = Table(is_prompt=False)
    table.stack()
    table.until(NoteCredited)
    table.say(table.machine.port_lost(table.now))
    assert {event.device for event in table.all(DeviceLost)} == {NOTE1, BOX1}
    table.perform(AcknowledgeCredit(OP, NOTE1))
    table.until(DeviceArrived)
    assert table.until(NoteStacked).op == OP
    assert table.all(NoteCredited) == []
    assert table.world.count(RECYCLER) == 31


def test_leaving_shuts_the_mouth_and_gives_the_held_note_back() -> None:
    table = Table()
    table.escrow()
    table.say(table.machine.close_down(table.now))
    assert not table.machine.is_safe
    table.until(NoteReturned)
    table.run(1)
    assert table.machine.is_safe
    assert not table.sim.picture()["is_open"]
