"""Money at the staff desk: everything that `kiosk-cash` may do at the machine, by touch and by the same rules."""

from __future__ import annotations

import pytest

from kiosk import intents as i
from kiosk import ports
from kiosk.cash_words import PAPERS as COMMANDS
from kiosk.engine import desk_papers
from kiosk.engine.desk_doubt_pages import doubts
from kiosk.journal import records as r
from kiosk.journal.records import Fund, Share
from kiosk.money import Cash, Denomination, Yen
from kiosk.treasury import paper
from kiosk.treasury.days import Entry
from kiosk.treasury.evidence import evidence
from kiosk.treasury.words import Town
from tests.engine.staff_world import StaffWorld
from tests.engine.test_desk import count, go, keys, press, written


@pytest.fixture
def world() -> StaffWorld:
    return StaffWorld().boot()


def start(world: StaffWorld, purpose: str, *units: str) -> None:
    world.login("officer")
    world.do(i.StartExchange(purpose=purpose, units=units))


def ended(world: StaffWorld) -> r.ExchangeEnded:
    found = written(world, r.ExchangeEnded)
    assert found, world.view.body.said
    last: r.ExchangeEnded = found[-1]
    return last


def test_all_of_it_is_taken_out_by_one_button_when_everything_was_counted(world: StaffWorld) -> None:
    """全回収."""
    there = world.lies_in("hopper100")[Denomination.COIN100]
    start(world, "collect", "hopper100")
    assert "desk.count.empty" not in keys(world), "nothing was counted yet"
    count(world, "hopper100", "coin100", "counted", there)
    press(world, "desk.count.empty")
    assert ended(world).units[0].taken_out == Cash({Denomination.COIN100: there})
    assert world.ledger.units["hopper100"].total == Yen(0)


def test_what_stays_is_typed_and_what_came_out_follows(world: StaffWorld) -> None:
    """残置回収; more than was counted cannot stay."""
    there = world.lies_in("hopper100")[Denomination.COIN100]
    start(world, "collect", "hopper100")
    count(world, "hopper100", "coin100", "counted", there)
    world.open("pad", "hopper100/coin100/left")
    assert str(there) not in repr([each.values for each in world.view.body.lines])
    world.tap(i.SetPieces, unit="hopper100", face="coin100", what="left", pieces=there + 1)
    assert world.view.body.is_refused and world.view.body.page == "pad"
    world.tap(i.SetPieces, unit="hopper100", face="coin100", what="left", pieces=5)
    asked = [dict(each.values)["what"] for each in world.view.body.lines if each.key == "desk.count.line"]
    assert "@desk.what.taken_out" not in asked, "the one or the other"
    press(world, "desk.count.end")
    assert ended(world).units[0].taken_out == Cash({Denomination.COIN100: there - 5})
    assert world.ledger.units["hopper100"].total == Yen(500)


def test_whose_the_money_is_stands_there_and_may_be_chosen(world: StaffWorld) -> None:
    world.until_pay()
    world.insert(Denomination.COIN500)
    world.take_all()
    world.tap(i.Next)
    start(world, "collect", "hopper500")
    count(world, "hopper500", "coin500", "taken_out", 1)
    press(world, "desk.count.funds")
    usual = [dict(each.values) for each in world.view.body.lines if each.key == "desk.funds.usual"]
    assert [each["fund"] for each in usual] == ["@desk.fund.receipts", "@desk.fund.float"]
    assert sum(int(each["amount"]) for each in usual) == -500
    press(world, "desk.funds.only", fund="@desk.fund.float")
    assert ended(world).shares == (Share(Fund.FLOAT, Yen(-500)),)


def test_missing_money_is_put_back_as_a_difference(world: StaffWorld) -> None:
    there = world.lies_in("hopper100")[Denomination.COIN100]
    start(world, "recount", "hopper100")
    count(world, "hopper100", "coin100", "counted", there - 2)
    press(world, "desk.count.end")
    press(world, "desk.reason.unknown")
    assert world.ledger.difference == Yen(-200)
    world.do(i.StartExchange(purpose="replenish", units=("hopper100",)))
    count(world, "hopper100", "coin100", "put_in", 2)
    press(world, "desk.count.funds")
    press(world, "desk.funds.only", fund="@desk.fund.difference")
    assert world.ledger.difference == Yen(0)


def test_the_slip_of_an_exchange_and_of_the_close_comes_out_without_being_asked(world: StaffWorld) -> None:
    before = len(world.physics.slips)
    start(world, "replenish", "hopper100")
    count(world, "hopper100", "coin100", "put_in", 3)
    press(world, "desk.count.end")
    assert len(world.physics.slips) == before + 1
    assert world.view.body.said == desk_papers.SLIP_PRINTED and not world.view.body.is_refused
    world.do(i.CloseDay())
    assert len(world.physics.slips) == before + 2
    world.event(ports.DeviceLost(world.setup.receipt_printer, "cable"))
    world.do(i.CloseDay())
    assert len(world.physics.slips) == before + 2
    assert world.view.body.said == desk_papers.NO_ROLL and world.view.body.is_refused
    assert len(written(world, r.DayClosed)) == 2, "it is written down all the same"


def test_earlier_papers_are_one_touch_away(world: StaffWorld) -> None:
    world.login("officer")
    for _ in range(3):
        world.do(i.CloseDay())
    world.tap(i.ShowPaper, report="day", of="")
    press(world, "desk.paper.earlier", of="2")
    press(world, "desk.paper.earlier", of="1")
    assert keys(world).count("desk.paper.earlier") == 0
    press(world, "desk.paper.later", of="2")
    assert world.loop.state.desk.report == ("day", "2")
    trail = len(world.loop.state.desk.trail)
    world.tap(i.Back)
    assert world.view.body.page != "paper" and trail <= 2, "leafing is not a way to walk back"


@pytest.mark.parametrize(
    ("report", "of", "found"),
    [
        ("month", "2026-01", [("earlier", "2025-12"), ("later", "2026-02")]),
        ("exchange", "E-0002", [("earlier", "E-0001"), ("later", "E-0003")]),
        ("stock", "", []),
    ],
)
def test_leafing_knows_its_ends(
    world: StaffWorld, report: str, of: str, found: list[tuple[str, str]]
) -> None:
    start(world, "recount", "hopper100")
    count(world, "hopper100", "coin100", "counted", world.lies_in("hopper100")[Denomination.COIN100])
    press(world, "desk.count.end")
    state = world.loop.state
    today = state.wall.strftime("%Y-%m")
    told = desk_papers.neighbours(state, report, of)
    if report == "month":
        assert told == found
        assert [each[0] for each in desk_papers.neighbours(state, "month", today)] == ["earlier"]
    elif report == "exchange":
        assert told == [("earlier", "E-0001")], "there is one so far"
    else:
        assert told == found


def test_money_left_behind_is_written_down_and_handed_over(world: StaffWorld) -> None:
    world.login("officer")
    world.open("waiting")
    press(world, "desk.found.new")
    go(world, "desk.found.cash", place="@desk.place.tray")
    assert world.view.body.pad is not None and world.view.body.pad.unit == "found"
    world.tap(i.SetPieces, unit="found", face="moon", what="yen", pieces=5)
    world.tap(i.SetPieces, unit="found", face="tray", what="yen", pieces=500)
    press(world, "desk.found.register.cash", amount="500")
    assert written(world, r.FoundRegistered) == [
        r.FoundRegistered("F-0001", "cash", "officer", "tray", Yen(500))
    ]
    assert world.loop.state.desk.pieces == ()
    go(world, "desk.found")
    assert dict(world.view.body.lines[1].values)["amount"] == "500"
    press(world, "desk.found.to.police")
    assert world.ledger.found == {}


def test_each_doubt_has_its_evidence(world: StaffWorld) -> None:
    """確認資料: every record of its transaction and no other's, with what the devices said."""
    world.physics.print_outcome = ports.Outcome.UNKNOWN
    world.until_pay()
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)
    world.tap(i.Next)
    world.login("officer")
    go(world, "desk.menu.waiting")
    go(world, "desk.doubt.paper")
    go(world, "desk.doubt.evidence")
    (_, line, _), *_ = doubts(world.loop.state)
    asked = [each for each in world.commands if isinstance(each, ports.MakePaper)][-1]
    assert (asked.report, asked.of) == ("evidence", line)
    world.tap(i.Back)
    assert world.view.body.page == "doubt"
    entries = [Entry(seq, "2026-11-30T01:00:00+00:00", each) for seq, each in enumerate(world.records, 1)]
    sheet = evidence(entries, line, Town("例示市", "kiosk1"))
    assert sheet is not None
    said = paper.text(sheet)
    for word in ("取引の開始", "投入 ¥100", "計器", "印刷の指示", "結果 unknown", "事故 R-503"):
        assert word in said, said
    assert "StaffEntered" not in said and "VisitBegun" not in said
    assert evidence(entries, "", Town("例示市", "kiosk1")) is None


OF_AN_OFFICE = {"list", "assessment", "revenue"}
"""Not of the machine: a list of ids for the commands, and files for the town's other systems."""


def test_every_paper_of_the_commands_is_on_the_screen_but_files_for_other_systems() -> None:
    assert set(COMMANDS) - OF_AN_OFFICE == {*desk_papers.PAPERS, "evidence"}
