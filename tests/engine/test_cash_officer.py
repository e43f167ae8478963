"""What a cash officer settles: each doubt ends by a person's word, and the books balance before and after."""

from __future__ import annotations

import pytest

from kiosk import cash_cli, intents, ports
from kiosk.errors import ConfigError
from kiosk.journal.ledger import Ledger, fold, imbalances
from kiosk.journal.records import AnyRecord
from kiosk.money import Denomination, Yen
from tests.engine.world import World


def after(ledger: Ledger, records: list[AnyRecord]) -> Ledger:
    for at, record in enumerate(records, ledger.seq + 1):
        ledger = fold(ledger, at, record)
    assert imbalances(ledger) == ()
    return ledger


@pytest.fixture
def doubtful() -> World:
    """One paper of which nobody knows whether it came out."""
    world = World().boot()
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.UNKNOWN
    world.insert(Denomination.COIN500)
    return world


def line_of(world: World) -> str:
    (account,) = world.ledger.accounts.values()
    (line,) = account.lines
    return line


def test_the_paper_was_found_in_the_tray(doubtful: World) -> None:
    ledger = after(doubtful.ledger, cash_cli.printed(doubtful.ledger, line_of(doubtful)))
    assert Yen.sum(each.amount for each in ledger.totals.receipts.values()) == Yen(200)
    assert not ledger.accounts
    with pytest.raises(ConfigError):
        cash_cli.printed(ledger, line_of(doubtful))


def test_the_paper_never_came_out(doubtful: World) -> None:
    ledger = after(doubtful.ledger, cash_cli.not_printed(doubtful.ledger, line_of(doubtful)))
    (slip,) = ledger.slips.values()
    assert slip.amount == Yen(200)
    assert not any(account.held for account in ledger.accounts.values())
    paid = after(ledger, cash_cli.redeemed(ledger, slip.slip, "officer1"))
    assert not paid.slips
    with pytest.raises(ConfigError):
        cash_cli.redeemed(paid, slip.slip, "officer1")


@pytest.mark.parametrize(("pieces", "owed"), [(3, 0), (1, 200), (0, 300)])
def test_a_payout_in_doubt_is_settled_by_a_count(pieces: int, owed: int) -> None:
    world = World().boot()
    world.until_pay()
    world.physics.lose_replies.add("hopper100")
    world.insert(Denomination.COIN500)
    (doubt,) = world.ledger.doubts.values()
    records = cash_cli.paid(world.ledger, doubt.op, pieces, "officer1", "the tray was counted")
    ledger = after(world.ledger, records)
    assert not ledger.doubts
    assert Yen.sum(slip.amount for slip in ledger.slips.values()) == Yen(owed)
    with pytest.raises(ConfigError, match="are possible"):
        cash_cli.paid(world.ledger, doubt.op, 4, "officer1", "too many")


def test_a_stopped_machine_goes_on_when_its_incident_is_closed() -> None:
    world = World().boot()
    world.evidence_changes = {"sha256_ok": False}
    world.until_choose()
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    (incident,) = world.ledger.incidents
    world.records += cash_cli.incident_closed(world.ledger, incident, "officer1", "the server was put right")
    assert World(world.records, world.physics).boot().view.body.__class__.__name__ == "Attract"


def test_what_waits_is_listed_without_anybody_s_name(doubtful: World) -> None:
    lines = cash_cli.waiting(doubtful.ledger)
    assert any(line.startswith("paper in doubt") for line in lines)
    assert any("R-503" in line for line in lines)
    assert "例" not in "".join(line.split("例示-")[0] for line in lines)
