"""Staff at the running core: each role, each act, each moment. Only a cash officer touches public money."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kiosk import cash_words, intents, ports, rights
from kiosk.engine.inner import CloseDayAsked
from kiosk.engine.state import Phase
from kiosk.ids import OpId, TransactionId
from kiosk.journal import records as r
from kiosk.journal.ledger import EMPTY, fold
from kiosk.journal.records import Fund, Share
from kiosk.money import Cash, Denomination, Yen
from kiosk.ports import ResetNotePath
from kiosk.treasury.acts import Scene, Staff, perform
from kiosk.treasury.refusals import Refusal, RefusedError
from kiosk.view import Role
from tests.engine.notes_world import BOX1, NOTE1, NotesWorld
from tests.engine.world import SETUP, World
from tests.treasury.desk import (
    OFFICER,
    SECOND,
    TECHNICIAN,
    TREASURER,
    ask,
    code,
    moved,
    start,
)

EACH_INTENT: dict[type[intents.StaffIntent], intents.StaffIntent] = {
    type(each): each
    for each in (
        intents.EnterStaff(),
        intents.LeaveStaff(),
        intents.StartExchange(purpose="collect", units=("hopper100",)),
        intents.EndExchange(exchange="E-0001"),
        intents.NoteIncident(incident="x", note="waiting"),
        intents.RecordTest(test="disk", has_passed=True),
        intents.CloseDay(),
        intents.CloseIncident(incident="x", reason="seen"),
        intents.SettlePaper(line="x", came_out=True, reason="seen"),
        intents.SettlePayout(op="x", pieces=1, reason="seen"),
        intents.SettleNote(op="x", unit="", reason="seen"),
        intents.ClearNotePath(reason="opened and emptied"),
        intents.SettlePayment(op="x", was_taken=True, reason="seen"),
        intents.SettleVoid(op="x", was_done=True, reason="seen"),
        intents.RedeemSlip(slip="x"),
        intents.RegisterFound(what="card", place="reader"),
        intents.HandOverFound(found="F-0001", to="owner"),
    )
}


def test_the_matrix_is_whole() -> None:
    assert set(EACH_INTENT) == set(intents.AnyStaffIntent.__args__)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("intent", EACH_INTENT.values(), ids=lambda each: type(each).__name__)
def test_every_role_and_every_act(role: Role, intent: intents.StaffIntent) -> None:
    """Whoever may not is told so, and nothing is written; whoever may is never told so."""
    world = World().boot()
    before = len(world.records)
    is_officer_only = isinstance(intent, intents.StartExchange)  # a technician's is a repair and nothing else
    may = rights.roles(type(intent)) - ({Role.TECHNICIAN} if is_officer_only else set())
    found = code(world, Staff("somebody", role), intent)
    assert (found == "not-allowed") == (role not in may)
    if role not in may:
        assert len(world.records) == before


def test_who_reads_changes_nothing() -> None:
    changing = [each for each in EACH_INTENT if each not in (intents.EnterStaff, intents.LeaveStaff)]
    assert not any(Role.TREASURER in rights.roles(kind) for kind in changing)


def test_nothing_is_done_while_a_resident_is_served() -> None:
    world = World().boot()
    world.until_pay()
    for intent in EACH_INTENT.values():
        if not isinstance(intent, (intents.EnterStaff, intents.LeaveStaff)):
            assert code(world, OFFICER, intent) == "in-use"
    world.tap(intents.Cancel)
    assert code(world, OFFICER, intents.StartExchange(purpose="recount", units=())) == ""


def test_no_cash_is_taken_while_a_box_is_open() -> None:
    world = World().boot()
    number = start(world, "replenish", "hopper100")
    assert world.phase is Phase.OUT_OF_SERVICE
    assert (world.view.body.reason, world.view.body.code) == ("maintenance", "M-409")
    again = world.reboot()
    assert again.view.body.code == "M-409", "an open box stays open over a power cut"
    assert code(again, OFFICER, intents.EndExchange(exchange=number, units=(moved(put_in=30),))) == ""
    assert again.phase is Phase.IDLE
    assert again.ledger.units["hopper100"].count.total == Yen(5000)


def test_an_exchange_is_ended_once() -> None:
    world = World().boot()
    number = start(world)
    done = intents.EndExchange(exchange=number, units=(moved(put_in=5),))
    assert [code(world, OFFICER, done) for _ in range(3)] == ["", "exchange-done", "exchange-done"]
    assert code(world, OFFICER, intents.EndExchange(exchange="E-0009")) == "exchange-none"
    assert world.ledger.float_amount == Yen(20 * 660 + 500)


def test_one_box_at_a_time() -> None:
    world = World().boot()
    start(world)
    assert code(world, OFFICER, intents.StartExchange(purpose="collect", units=())) == "exchange-open"
    assert code(world, OFFICER, intents.CloseDay()) == "exchange-open"


def pays(world: World) -> None:
    world.until_pay()
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)
    world.take_all()
    world.tap(intents.Next)


def test_receipts_and_float_stay_apart() -> None:
    """Two fees are in the machine beside the float: the collection takes the receipts first, and says so."""
    world = World().boot()
    loaded = world.ledger.float_amount
    pays(world)
    pays(world)
    assert world.ledger.receipts_inside == Yen(400)
    number = start(world, "collect", "hopper100")
    answer = ask(world, OFFICER, intents.EndExchange(exchange=number, units=(moved(taken_out=6),)))
    world.physics.units["hopper100"] -= 6
    (ended,) = answer.records
    assert ended.shares == (Share(Fund.RECEIPTS, Yen(-400)), Share(Fund.FLOAT, Yen(-200)))
    assert world.ledger.receipts_inside == Yen(0)
    assert world.ledger.float_amount == loaded - Yen(200)
    assert world.ledger.totals.receipts_cash == Yen(400), "what was earned stays earned"
    world.check()


@pytest.mark.parametrize(
    ("shares", "refused"),
    [
        ((Share(Fund.RECEIPTS, Yen(-600)),), "fund"),
        ((Share(Fund.RECEIPTS, Yen(-200)),), "shares"),
        ((Share(Fund.FOUND, Yen(-600)),), "fund"),
        ((Share(Fund.RECEIPTS, Yen(-200)), Share(Fund.FLOAT, Yen(-400))), ""),
    ],
)
def test_no_fund_gives_more_than_it_has(shares: tuple[Share, ...], refused: str) -> None:
    world = World().boot()
    pays(world)
    number = start(world, "collect", "hopper100")
    done = intents.EndExchange(exchange=number, units=(moved(taken_out=6),), shares=shares)
    assert code(world, OFFICER, done) == refused


def test_a_difference_wants_a_reason_and_is_nobodys_revenue() -> None:
    world = World().boot()
    receipts, loaded = world.ledger.totals.receipts_cash, world.ledger.float_amount
    number = start(world, "recount", "hopper100")
    short = (moved(counted=18),)
    assert code(world, OFFICER, intents.EndExchange(exchange=number, units=short)) == "reason-missing"
    assert code(world, OFFICER, intents.EndExchange(exchange=number, units=short, reason="jam")) == ""
    assert world.ledger.difference == Yen(-200)
    assert (world.ledger.totals.receipts_cash, world.ledger.float_amount) == (receipts, loaded)
    made_good = (moved(put_in=2),)
    number = start(world, "replenish", "hopper100")
    share = (Share(Fund.DIFFERENCE, Yen(200)),)
    assert code(world, OFFICER, intents.EndExchange(exchange=number, units=made_good, shares=share)) == ""
    assert world.ledger.difference == Yen(0)
    world.check()


@pytest.mark.parametrize(
    ("purpose", "unit", "refused"),
    [
        ("recount", moved(put_in=1), "no-input"),
        ("recount", moved(), "count-first"),
        ("collect", moved(put_in=1), "no-input"),
        ("replenish", moved(taken_out=1), "no-output"),
        ("collect", moved(taken_out=21), "takes-too-much"),
        ("collect", moved("hopper10", taken_out=1), "exchange-unit"),
    ],
)
def test_an_exchange_does_what_it_was_opened_for(purpose: str, unit: r.UnitAfter, refused: str) -> None:
    world = World().boot()
    number = start(world, purpose, "hopper100")
    assert code(world, OFFICER, intents.EndExchange(exchange=number, units=(unit,))) == refused
    assert world.ledger.exchange is not None


def test_a_technician_opens_a_box_only_beside_a_cash_officer() -> None:
    world = World().boot()
    repair = intents.StartExchange(purpose="repair", units=("hopper100",))
    assert code(world, TECHNICIAN, repair) == "officer-missing"
    assert code(world, TECHNICIAN, intents.EnterStaff()) == ""
    assert code(world, TREASURER, intents.EnterStaff()) == ""
    assert code(world, TECHNICIAN, repair) == "officer-missing"
    assert code(world, OFFICER, intents.EnterStaff()) == ""
    assert code(world, TECHNICIAN, repair) == ""
    assert (world.ledger.exchange.operator, world.ledger.exchange.witness) == ("tech1", "officer1")
    done = intents.EndExchange(exchange="E-0001", units=(moved(counted=20),))
    assert code(world, TECHNICIAN, done) == "not-allowed"
    assert code(world, SECOND, done) == ""


@pytest.mark.parametrize("how", ["left", "time", "reboot"])
def test_an_officer_who_has_gone_stands_beside_nobody(how: str) -> None:
    world = World().boot()
    assert code(world, OFFICER, intents.EnterStaff()) == ""
    if how == "left":
        assert code(world, OFFICER, intents.LeaveStaff()) == ""
    elif how == "time":
        world.clock.now_s += SETUP.timeouts.staff_s
        world.event(ports.ClockJudged(True))
        assert world.records[-1] == r.StaffLeft("officer1", "time")
    else:
        world = world.reboot()
    repair = intents.StartExchange(purpose="repair", units=("hopper100",))
    assert code(world, TECHNICIAN, repair) == "officer-missing"


def test_the_evening_waits_for_the_open_box() -> None:
    world = World().boot()
    number = start(world)
    world.event(CloseDayAsked("evening"))
    assert world.ledger.day is None
    assert code(world, OFFICER, intents.EndExchange(exchange=number)) == ""
    day = world.ledger.day
    assert day is not None and day.number == 1
    assert world.records[-1].date == "2026-11-20", "Japan's date"


def test_the_ceiling_of_cash_warns_once_and_then_closes() -> None:
    loaded = 20 * 660
    world = World(setup=_with_ceiling(loaded + 400)).boot()
    assert [each.code for each in world.ledger.incidents.values()] == ["M-410"]
    (incident,) = world.ledger.incidents
    assert code(world, OFFICER, intents.CloseIncident(incident=incident, reason="collected at noon")) == ""
    assert world.phase is Phase.IDLE
    pays(world)
    assert world.phase is Phase.IDLE and not world.ledger.incidents
    pays(world)
    assert (world.phase, world.view.body.code) == (Phase.OUT_OF_SERVICE, "M-410")
    number = start(world, "collect", "hopper500")
    units = (moved("hopper500", taken_out=10),)
    assert code(world, OFFICER, intents.EndExchange(exchange=number, units=units)) == ""
    assert world.phase is Phase.IDLE


def _with_ceiling(yen: int) -> object:
    return replace(SETUP, cash_max=Yen(yen))


def test_what_was_left_behind_has_a_number_and_is_no_revenue() -> None:
    world = World().boot()
    assert code(world, OFFICER, intents.RegisterFound(what="card", place="reader", number="0001")) == ""
    cash = intents.RegisterFound(what="cash", place="tray", amount=Yen(300))
    assert code(world, OFFICER, cash) == ""
    assert list(world.ledger.found) == ["F-0001", "F-0002"]
    inside = intents.RegisterFound(what="cash", place="machine", amount=Yen(100))
    assert code(world, OFFICER, inside) == "amount", "nothing without an owner lies in the machine"
    assert code(world, OFFICER, intents.HandOverFound(found="F-0001", to="owner")) == ""
    assert code(world, OFFICER, intents.HandOverFound(found="F-0001", to="owner")) == "no-found"
    assert not world.ledger.totals.receipts


def test_money_without_an_owner_leaves_the_machine_as_found_only() -> None:
    world = World().boot()
    credit = ports.CoinAccepted("coin1", 1, 1, 1, Denomination.COIN500, "hopper500", "a1")
    world.physics.units["hopper500"] += 1
    world.event(credit)
    assert world.ledger.unassigned.total == Yen(500)
    inside = intents.RegisterFound(what="cash", place="machine", amount=Yen(500))
    assert [code(world, OFFICER, inside) for _ in range(2)] == ["", "amount"]
    number = start(world, "collect", "hopper500")
    share = (Share(Fund.FOUND, Yen(-500)),)
    units = (moved("hopper500", taken_out=1),)
    assert code(world, OFFICER, intents.EndExchange(exchange=number, units=units, shares=share)) == ""
    assert world.ledger.found_out == Yen(500)
    assert not world.ledger.totals.receipts


def test_the_notes_path_starts_anew_when_nothing_rests_on_it() -> None:
    world = NotesWorld().boot()
    assert code(world, TECHNICIAN, intents.ClearNotePath(reason="opened it")) == "officer-missing"
    assert code(world, OFFICER, intents.ClearNotePath(reason="opened and emptied")) == ""
    assert isinstance(world.records[-1], r.NotePathClearing)
    assert world.records[-1].code == f"staff:{OFFICER.id}"
    assert any(isinstance(each, ResetNotePath) for each in world.commands)
    assert code(World().boot(), OFFICER, intents.ClearNotePath(reason="opened it")) == "no-note-unit"


def test_no_reset_while_a_note_is_only_the_units_to_know() -> None:
    ledger = EMPTY
    transaction = TransactionId("t")
    for record in (
        r.TransactionOpened(transaction, "0001", Yen(200), ()),
        r.NoteIntended(OpId("n1"), NOTE1, Denomination.NOTE1000, "J", transaction),
    ):
        ledger = fold(ledger, ledger.seq + 1, record)
    scene = Scene({BOX1: (Denomination.NOTE1000,)}, lambda: "token", "2026-11-30", note_unit=NOTE1)
    found = perform(ledger, OFFICER, intents.ClearNotePath(reason="opened it"), scene)
    assert isinstance(found, Refusal) and found.code == "note-busy"


def test_what_stays_is_what_was_counted_less_what_was_taken() -> None:
    """残置回収 in the words of `kiosk-cash end`."""
    units = {"hopper100": (Denomination.COIN100,), "cashbox": tuple(Denomination)}

    def ended(*words: str) -> intents.EndExchange:
        intent = cash_words.intent_of(cash_words.parser().parse_args(["end", "E-0001", *words]), units)
        assert isinstance(intent, intents.EndExchange)
        return intent

    (each,) = ended("--counted", "hopper100=54", "--leave", "hopper100=20").units
    assert each.taken_out == Cash({Denomination.COIN100: 34})
    (each,) = ended("--counted", "cashbox=coin100:5,note1000:3", "--leave", "cashbox=0").units
    assert each.taken_out == each.counted
    for words, why in (
        (("--leave", "hopper100=20"), "count-first"),
        (("--counted", "hopper100=5", "--leave", "hopper100=20"), "takes-too-much"),
        (("--counted", "hopper100=5", "--leave", "hopper100=2", "--out", "hopper100=3"), "format"),
    ):
        with pytest.raises(RefusedError) as refused:
            ended(*words)
        assert refused.value.refusal.code == why
