"""Notes in a visit, with the driver's own machine and the simulated device: events in the order they really come."""

from __future__ import annotations

import pytest

from drivers.id003.messages import Status
from drivers.id003.sim.world import CASHBOX, RECYCLER
from kiosk import intents, ports
from kiosk.engine.state import Phase
from kiosk.ids import DeviceId, OpId
from kiosk.journal import records as r
from kiosk.money import Cash, Denomination, Yen
from tests.engine.notes_world import (
    ACK,
    BOX1,
    HEARD,
    NOTE1,
    PAYOUT,
    RESET,
    STACK,
    UNANSWERED,
    UNHEARD,
    NoteDesk,
    NotesWorld,
    number,
)

D = Denomination


@pytest.fixture
def world() -> NotesWorld:
    return NotesWorld().boot()


def kinds(world: NotesWorld) -> list[str]:
    return [type(record).__name__ for record in world.records]


def pay_screen(world: NotesWorld) -> tuple[Denomination, ...]:
    world.run(1)
    return world.view.body.accepted


def test_a_certificate_for_two_hundred_yen_from_a_thousand(world: NotesWorld) -> None:
    assert world.phase is Phase.IDLE
    world.until_pay()
    assert D.NOTE1000 in pay_screen(world)
    assert world.note()
    world.run(4)
    assert world.phase is Phase.TAKING_THINGS
    assert world.given == Yen(800)
    order = kinds(world)
    assert order.index("NoteIntended") < order.index("NoteIn") < order.index("CommitIntended")
    assert order.count("NoteIn") == 1
    world.take_all()
    world.run(1)
    assert world.desk.world.count(RECYCLER) == 31
    world.check()


def test_the_order_of_bytes_and_records(world: NotesWorld) -> None:
    """Intent before the stack order, credit before the ACK: checked on what the device was really told."""
    world.until_pay()
    world.run(1)
    seen: list[tuple[int, list[str]]] = []
    world.desk.fate = lambda frame: seen.append((number(frame), kinds(world))) or HEARD  # type: ignore[func-returns-value]
    world.note()
    world.run(4)
    stack = next(written for sent, written in seen if sent == STACK)
    ack = next(written for sent, written in seen if sent == ACK)
    assert "NoteIntended" in stack
    assert "NoteIn" not in stack
    assert "NoteIn" in ack


def test_cancel_gives_the_same_faces_back(world: NotesWorld) -> None:
    world.until_pay_much()
    world.run(1)
    world.note()
    world.run(3)
    world.insert(D.COIN500)
    assert world.view.body.inserted == Yen(1500)
    world.tap(intents.Cancel)
    world.run(6)
    assert world.desk.paid == Yen(1000)
    assert world.given == Yen(500)
    world.take_all()
    world.run(1)
    assert world.phase is Phase.IDLE
    world.check()


def test_cancel_while_the_note_is_read_gives_this_very_note_back(world: NotesWorld) -> None:
    world.until_pay_much()
    world.run(1)
    world.note("N1000E")
    world.run(0.05)
    world.tap(intents.Cancel)
    world.run(3)
    assert world.desk.world.places["returned"] == {"N1000E": 1}
    assert "NoteIntended" not in kinds(world)
    assert world.phase is Phase.IDLE
    world.check()


def test_old_and_new_notes_by_the_device_s_table(world: NotesWorld) -> None:
    world.until_pay_much()
    world.run(1)
    world.note("N1000E")
    world.run(3)
    world.run(1)
    world.note("N1000F")
    world.run(4)
    issues = [each.issue for each in world.records if isinstance(each, r.NoteIn)]
    assert issues == ["65", "62"]
    assert {each.denomination for each in world.records if isinstance(each, r.NoteIn)} == {D.NOTE1000}
    assert (world.desk.world.count(CASHBOX), world.desk.world.count(RECYCLER)) == (1, 31)


def test_no_note_is_taken_whose_change_is_not_there() -> None:
    """釣銭切れ, said before: 10000 needs nine notes in the box."""
    world = NotesWorld(desk=NoteDesk(notes=1))
    world.physics.units["hopper500"] = 1
    world.records[3] = r.StockSet(DeviceId("hopper500"), Cash({D.COIN500: 1}), "tester")
    world = world.dead().boot()
    world.until_pay()
    accepted = pay_screen(world)
    assert D.NOTE1000 in accepted
    assert world.view.body.short == (D.NOTE5000, D.NOTE10000)
    world.note("N10000F")
    world.run(2)
    assert world.desk.world.count("returned") == 1
    assert world.view.body.note == "refused"


def test_with_full_boxes_ten_thousand_is_taken_and_the_change_is_notes_and_coins(world: NotesWorld) -> None:
    world.until_pay()
    assert D.NOTE10000 in pay_screen(world)
    world.note("N10000F")
    world.run(60)
    assert world.desk.paid == Yen(9000)
    assert world.given == Yen(800)
    assert [each.paid for each in world.records if isinstance(each, r.DispenseAdvanced)] == list(range(1, 10))
    world.check()


def test_a_coin_and_a_note_together(world: NotesWorld) -> None:
    world.until_pay(copies=5)
    world.run(1)
    world.insert(D.COIN500)
    world.note()
    world.run(4)
    assert world.phase is Phase.TAKING_THINGS
    assert world.given == Yen(500)
    world.check()


# --- what goes wrong with a note that comes in


def test_a_lost_stack_order_and_a_lost_ack_are_one_credit(world: NotesWorld) -> None:
    lost: dict[int, int] = {STACK: 1, ACK: 1}

    def fate(frame: object) -> str:
        sent = number(frame)  # type: ignore[arg-type]
        if lost.get(sent):
            lost[sent] -= 1
            return UNANSWERED if sent == STACK else UNHEARD
        return HEARD

    world.until_pay()
    world.run(1)
    world.desk.fate = fate
    world.note()
    world.run(6)
    assert kinds(world).count("NoteIn") == 1
    assert world.given == Yen(800)
    world.check()


def test_a_jam_with_the_note_inside_is_in_doubt_and_on_paper(world: NotesWorld) -> None:
    world.until_pay_much()
    world.run(1)
    world.insert(D.COIN500)
    world.note()
    world.run_until(lambda: world.status == "STACKING")
    world.desk.sim.fail(Status.JAM_IN_STACKER)
    world.run(3)
    assert world.given == Yen(500), "what is certain goes back"
    world.take_all()
    assert world.phase is Phase.IN_TROUBLE
    assert (world.view.body.code, world.view.body.money) == ("M-407", "counted")
    (account,) = world.ledger.open_transactions
    assert account.note_doubt == Yen(1000)
    assert any(each.code == "M-407" and each.amount == Yen(1000) for each in world.ledger.incidents.values())
    assert "TransactionClosed" not in kinds(world)
    slips = [each for each in world.commands if isinstance(each, ports.PrintSlip)]
    assert len(slips) == 1
    world.check()


def test_a_jam_within_reach_asks_the_person_and_coins_go_on(world: NotesWorld) -> None:
    world.until_pay()
    world.run(1)
    world.desk.sim.fail(Status.JAM_IN_ACCEPTOR)
    world.run(1)
    assert world.view.body.note_trouble == "reach"
    assert not any(each.is_note for each in world.view.body.accepted)
    assert D.COIN100 in world.view.body.accepted
    assert not world.loop.state.is_staff_called
    world.desk.sim.clear(world.clock.now_s)
    world.run(3)
    assert world.view.body.note_trouble == ""
    assert D.NOTE1000 in world.view.body.accepted, "open again by itself"


def test_a_jam_that_only_staff_can_reach_calls_them(world: NotesWorld) -> None:
    world.until_pay()
    world.run(1)
    world.desk.sim.fail(Status.STACKER_FULL)
    world.run(1)
    assert world.view.body.note_trouble == "staff"
    assert world.loop.state.is_staff_called
    assert [each.code for each in world.ledger.incidents.values()] == ["M-402"]
    world.insert(D.COIN100)
    world.insert(D.COIN100)
    world.run(1)
    assert world.phase is Phase.TAKING_THINGS, "coins go on"


def test_a_machine_whose_note_unit_is_away_serves_with_coins() -> None:
    world = NotesWorld()
    world.desk.fate = lambda _: UNHEARD
    world.boot()
    assert world.phase is Phase.IDLE
    world.until_pay()
    assert pay_screen(world) == (D.COIN10, D.COIN50, D.COIN100, D.COIN500)
    assert world.view.body.note_trouble == "staff"


# --- notes that go out


def back_with_a_note(world: NotesWorld) -> None:
    world.until_pay_much()
    world.run(1)
    world.note()
    world.run(3)
    world.tap(intents.Cancel)


def test_a_note_in_the_bezel_is_asked_for_and_somebody_is_called() -> None:
    world = NotesWorld(desk=NoteDesk(take_s=None)).boot()
    back_with_a_note(world)
    world.run(5)
    assert type(world.view.body).__name__ == "TakeNote"
    assert (world.view.body.amount, world.view.body.is_late) == (Yen(1000), False)
    assert not any(isinstance(each, r.DispenseAdvanced) for each in world.records), "not paid yet"
    world.run(11)
    assert world.view.body.is_late
    assert world.loop.state.is_staff_called
    world.desk.sim.take(world.clock.now_s)
    world.run(2)
    assert world.phase is Phase.TAKING_THINGS
    assert world.desk.paid == Yen(1000)
    world.check()


def test_a_note_that_nobody_takes_goes_back_in_and_stands_on_a_slip() -> None:
    world = NotesWorld(desk=NoteDesk(take_s=None)).boot()
    back_with_a_note(world)
    world.run(45)
    assert world.desk.paid == Yen(0)
    assert world.given == Yen(0), "coins are not thrown after it"
    assert [each.amount for each in world.ledger.slips.values()] == [Yen(1000)]
    assert [each.reason for each in world.records if isinstance(each, r.OwedOnSlip)] == ["not-taken"]
    assert world.view.body.code == "M-408"
    world.check()


def test_a_lost_answer_to_a_payout_is_never_asked_for_again(world: NotesWorld) -> None:
    back: dict[int, int] = {PAYOUT: 1}

    def fate(frame: object) -> str:
        return UNANSWERED if back.pop(number(frame), 0) else HEARD  # type: ignore[arg-type]

    world.desk.fate = fate
    back_with_a_note(world)
    world.run(8)
    assert world.desk.sent.count(PAYOUT) == 1
    assert world.desk.paid == Yen(1000)
    world.check()


def test_an_empty_box_pays_the_rest_in_coins(world: NotesWorld) -> None:
    back_with_a_note(world)
    world.desk.world.remember(count=0)  # the device says that there is none, whatever the books say
    world.run(10)
    assert world.given + world.desk.paid == Yen(1000)


# --- after a death


def test_killed_before_the_credit_is_durable(world: NotesWorld) -> None:
    world.until_pay()
    world.run(1)
    world.note()
    while not any(isinstance(each, ports.NoteCredited) for each in world.line.told):
        world.line.exchange()
        if not any(isinstance(each, ports.NoteCredited) for each in world.line.told):
            world.settle()
    assert "NoteIn" not in kinds(world)
    reborn = world.reboot()
    assert kinds(reborn).count("NoteIn") == 1
    assert reborn.phase is Phase.OFFERING_BACK
    assert reborn.view.body.amount == Yen(1000)
    reborn.tap(intents.GiveBack)
    reborn.run(6)
    assert reborn.desk.paid == Yen(1000)
    reborn.take_all()
    reborn.run(1)
    reborn.check()
    assert reborn.phase is Phase.IDLE


@pytest.mark.parametrize("at", ["ESCROW", "STACKING", "VEND_VALID"])
def test_all_power_goes_with_a_note_inside(world: NotesWorld, at: str) -> None:
    world.until_pay()
    world.run(1)
    world.note()
    world.run_until(lambda: world.status == at)
    world.desk.cut_power(world.clock.now_s)
    reborn = world.reboot()
    reborn.run(5)
    assert RESET in reborn.desk.sent
    order = kinds(reborn)
    assert order.index("NotePathClearing") > order.index("Started") if "Started" in order else True
    if reborn.phase is Phase.OFFERING_BACK:
        reborn.tap(intents.GiveBack)
        reborn.run(6)
        reborn.take_all()
        assert reborn.desk.paid == Yen(1000)
    else:
        assert reborn.desk.returned == Yen(1000)
    reborn.run(1)
    assert not reborn.ledger.open_transactions
    reborn.check()


def test_boot_resolves_before_it_resets(world: NotesWorld) -> None:
    back_with_a_note(world)
    world.run_until(lambda: world.status in ("PAYING", "PAY_STAY"))
    world.desk.cut_power(world.clock.now_s)
    reborn = world.dead()
    reborn.boot()
    reborn.run(5)
    order = kinds(reborn)
    settled = order.index("DispenseSettled")
    assert settled < order.index("NotePathClearing", settled - 1)
    assert reborn.desk.sent.count(PAYOUT) == 1
    asked = [each for each in reborn.commands if isinstance(each, ports.ResolveDispense)]
    assert [each.device for each in asked] == [BOX1]
    assert [each.device for each in reborn.commands if isinstance(each, ports.ResetNotePath)] == [NOTE1]


# --- what comes late


def jammed_and_gone(world: NotesWorld) -> str:
    """A note is in doubt, its owner has the paper and has gone; the operation."""
    world.until_pay_much()
    world.run(1)
    world.note()
    world.run_until(lambda: world.status == "STACKING")
    world.desk.sim.fail(Status.JAM_IN_STACKER)
    world.run(3)
    world.tap(intents.Next)
    world.time_out("stage")
    assert world.phase is Phase.IDLE
    (note,) = world.ledger.notes.values()
    assert note.is_doubtful
    return note.op


def late_credit(world: NotesWorld, op: str) -> None:
    world.event(ports.NoteCredited(OpId(op), NOTE1, D.NOTE1000, "62", DeviceId("cashbox")))


def test_evidence_that_comes_after_the_visit_puts_the_money_on_a_slip(world: NotesWorld) -> None:
    op = jammed_and_gone(world)
    late_credit(world, op)
    assert kinds(world).count("NoteIn") == 1
    assert [each.amount for each in world.ledger.slips.values()] == [Yen(1000)]
    assert not world.ledger.open_transactions
    assert any(isinstance(each, ports.AcknowledgeCredit) and each.op == op for each in world.commands)
    late_credit(world, op)
    assert kinds(world).count("NoteIn") == 1, "told again it is acknowledged, and nothing else"


def test_evidence_in_the_visit_of_another_is_not_her_money(world: NotesWorld) -> None:
    op = jammed_and_gone(world)
    world.desk.sim.clear(world.clock.now_s)
    world.run(3)
    world.until_pay()
    world.run(1)
    late_credit(world, op)
    assert world.view.body.inserted == Yen(0)
    assert len(world.ledger.slips) == 1
    slips = [each for each in world.commands if isinstance(each, ports.PrintSlip)]
    assert len(slips) == 1, "no paper of somebody else comes out in front of her"


def test_a_note_that_went_back_after_all_ends_the_doubt(world: NotesWorld) -> None:
    op = jammed_and_gone(world)
    world.event(ports.NoteReturned(NOTE1, "not-stacked", OpId(op)))
    assert not world.ledger.notes
    assert not world.ledger.open_transactions, "nothing waits for anybody any more"


def test_a_unit_that_says_nothing_for_too_long_is_in_doubt(world: NotesWorld) -> None:
    world.until_pay_much()
    world.run(1)
    world.note()
    world.run_until(lambda: world.status == "STACKING")
    world.desk.fate = lambda _: UNHEARD
    world.run(40)
    assert [each.code for each in world.records if isinstance(each, r.NoteDoubted)] == ["silent"]
    world.take_all()
    assert world.view.body.code == "M-407"


def test_a_credit_whose_end_a_person_has_told_is_acknowledged_and_said(world: NotesWorld) -> None:
    op = jammed_and_gone(world)
    (note,) = world.ledger.notes.values()
    world.loop.record(
        r.NoteResolved(note.op, NOTE1, note.transaction, D.NOTE1000, DeviceId(""), "officer", "given")
    )
    late_credit(world, op)
    assert "NoteIn" not in kinds(world)
    assert any(each.code == "M-404" for each in world.ledger.incidents.values())
