"""What a cash officer settles: each doubt ends by a person's word, and the books balance before and after."""

from __future__ import annotations

import pytest

from kiosk import intents, ports
from kiosk.journal.ledger import imbalances
from kiosk.money import Denomination, Yen
from kiosk.treasury.waiting import waiting
from tests.engine.world import World
from tests.treasury.desk import OFFICER, code, moved, start


@pytest.fixture
def doubtful() -> World:
    """One paper of which nobody knows whether it came out, and nobody at the machine any more."""
    world = World().boot()
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.UNKNOWN
    world.insert(Denomination.COIN500)
    gone(world)
    return world


def gone(world: World) -> None:
    world.take_all()
    for _ in range(3):
        world.time_out("stage")


def line_of(world: World) -> str:
    (account,) = world.ledger.accounts.values()
    (line,) = account.lines
    return line


def test_the_paper_was_found_in_the_tray(doubtful: World) -> None:
    paper = intents.SettlePaper(line=line_of(doubtful), came_out=True, reason="it lay in the tray")
    assert [code(doubtful, OFFICER, paper) for _ in range(2)] == ["", "no-paper"]
    ledger = doubtful.ledger
    assert Yen.sum(each.amount for each in ledger.totals.receipts.values()) == Yen(200)
    assert not ledger.accounts
    assert not ledger.incidents
    assert imbalances(ledger) == ()


def test_the_paper_never_came_out(doubtful: World) -> None:
    paper = intents.SettlePaper(line=line_of(doubtful), came_out=False, reason="nothing there")
    assert code(doubtful, OFFICER, paper) == ""
    (slip,) = doubtful.ledger.slips.values()
    assert slip.amount == Yen(200)
    assert not any(account.held for account in doubtful.ledger.accounts.values())
    redeem = intents.RedeemSlip(slip=slip.slip)
    assert [code(doubtful, OFFICER, redeem) for _ in range(2)] == ["", "no-slip"]
    assert not doubtful.ledger.slips
    assert imbalances(doubtful.ledger) == ()


@pytest.fixture
def unpaid() -> World:
    """A payout of three coins whose answer was lost."""
    world = World().boot()
    world.until_pay()
    world.physics.lose_replies.add("hopper100")
    world.insert(Denomination.COIN500)
    gone(world)
    return world


@pytest.mark.parametrize(("pieces", "owed"), [(3, 0), (1, 200), (0, 300)])
def test_a_payout_in_doubt_is_settled_by_a_count(unpaid: World, pieces: int, owed: int) -> None:
    (doubt,) = unpaid.ledger.doubts.values()
    too_many = intents.SettlePayout(op=doubt.op, pieces=4, reason="too many")
    assert code(unpaid, OFFICER, too_many) == "pieces"
    settled = intents.SettlePayout(op=doubt.op, pieces=pieces, reason="the tray was counted")
    assert code(unpaid, OFFICER, settled) == ""
    assert not unpaid.ledger.doubts
    assert not unpaid.ledger.accounts, "a visit that nobody waits for any more is closed"
    assert Yen.sum(slip.amount for slip in unpaid.ledger.slips.values()) == Yen(owed)
    assert imbalances(unpaid.ledger) == ()


@pytest.mark.parametrize("count_first", [True, False])
def test_a_recount_and_a_settled_doubt_come_to_the_same(unpaid: World, count_first: bool) -> None:
    """The three coins did go out. Counted before or after that is settled: no difference is left, the float stays."""
    (doubt,) = unpaid.ledger.doubts.values()
    loaded = unpaid.ledger.float_amount
    settle = intents.SettlePayout(op=doubt.op, pieces=3, reason="the resident had them")

    def count() -> None:
        number = start(unpaid, "recount", "hopper100")
        units = (moved(counted=unpaid.physics.units["hopper100"]),)
        done = intents.EndExchange(exchange=number, units=units, reason="unknown")
        assert code(unpaid, OFFICER, done) == ""

    if count_first:
        count()
        assert unpaid.ledger.difference == Yen(-300)
    assert code(unpaid, OFFICER, settle) == ""
    if not count_first:
        count()
    assert (unpaid.ledger.difference, unpaid.ledger.float_amount) == (Yen(0), loaded)
    assert imbalances(unpaid.ledger) == ()


def test_a_stopped_machine_goes_on_when_its_incident_is_closed() -> None:
    world = World().boot()
    world.evidence_changes = {"sha256_ok": False}
    world.until_choose()
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    world.tap(intents.Next)
    (incident,) = world.ledger.incidents
    done = intents.CloseIncident(incident=incident, reason="the server was put right")
    assert code(world, OFFICER, done) == ""
    assert world.view.body.__class__.__name__ == "Attract"


def test_what_waits_is_listed_without_anybody_s_name(doubtful: World) -> None:
    lines = waiting(doubtful.ledger)
    assert any("paper in doubt" in line for line in lines)
    assert any("R-503" in line for line in lines)
    assert "例" not in "".join(line.split("例示-")[0] for line in lines)
