"""The core dies at every journal write of a cashless visit, and again inside recovery; the terminal knows the truth.

After each death: what was truly taken is earned, held for a line in doubt, or on a slip; nothing was requested twice;
nothing was requested that the journal does not know; no cash came out for it.
"""

from __future__ import annotations

import pytest

from kiosk import intents, ports
from kiosk.engine.state import Phase
from kiosk.journal import records as r
from kiosk.money import Denomination, Yen
from tests.crash.test_kill_sweep import Visit, assert_one_receipt, live, settle
from tests.engine.world import CAMERA, CASHLESS, POI, TERMINAL, World


def choose(world: World, means: str, *how: str, copies: int = 1) -> None:
    world.physics.terminals.next_payments = list(how)
    world.until_pay(copies)
    world.tap(intents.ChooseMeans, means=means)


def pays_with_what_cannot_be_voided(world: World) -> None:
    choose(world, "edy", copies=2)
    world.take_all()


def pays_by_credit(world: World) -> None:
    choose(world, "credit")
    world.take_all()


def is_declined_and_pays_cash(world: World) -> None:
    choose(world, "edy", "declined")
    world.tap(intents.ChooseMeans, means="cash")
    world.insert(Denomination.COIN500)
    world.take_all()


def shows_the_phones_code(world: World) -> None:
    choose(world, "scan")
    world.event(ports.PaymentCodeRead(CAMERA, "281012345678901234"))


def loses_the_answer(world: World) -> None:
    choose(world, "credit", "unknown-taken")
    world.time_out("retry")


def stays_unknown(world: World) -> None:
    world.physics.terminals.knows = False
    choose(world, "edy", "unknown-taken")
    world.time_out("stage")
    world.time_out("stage")


def finds_the_printer_empty_and_is_voided(world: World) -> None:
    world.physics.print_outcome = ports.Outcome.REFUSED
    choose(world, "credit")
    world.tap(intents.Cancel)


def finds_the_printer_empty_and_cannot_be_voided(world: World) -> None:
    world.physics.print_outcome = ports.Outcome.REFUSED
    choose(world, "edy")
    world.tap(intents.Cancel)


def is_voided_nobody_knows_whether(world: World) -> None:
    world.physics.print_outcome = ports.Outcome.REFUSED
    world.physics.terminals.next_voids = ["unknown-done"]
    choose(world, "waon")
    world.tap(intents.Cancel)


VISITS = (
    pays_with_what_cannot_be_voided,
    pays_by_credit,
    is_declined_and_pays_cash,
    shows_the_phones_code,
    loses_the_answer,
    stays_unknown,
    finds_the_printer_empty_and_is_voided,
    finds_the_printer_empty_and_cannot_be_voided,
    is_voided_nobody_knows_whether,
)


def fresh() -> World:
    return World(setup=CASHLESS).boot()


def writes_of(visit: Visit) -> int:
    world = fresh()
    visit(world)
    return world.journal.appends


def peace(world: World) -> None:
    """Everything that can be known is known: the terminal has been asked, the resident has come and gone."""
    world.physics.terminals.knows = True
    settle(world)
    for device in (TERMINAL, "codes1"):
        world.event(ports.TerminalRead(device, POI, True))
    settle(world)


def assert_the_terminal_and_the_books_agree(world: World) -> None:
    world.check()
    ledger, terminals = world.ledger, world.physics.terminals
    assert not ledger.cashless, "the terminal was asked about everything"
    taken = ledger.totals.receipts_cashless + ledger.held_cashless + ledger.owed_cashless
    assert terminals.taken == taken
    doubtful = Yen.sum(
        line.fee
        for account in ledger.accounts.values()
        for line in account.lines.values()
        if line.print_outcome in ("unknown", "partial")
    )
    cash_held = Yen.sum(account.held for account in ledger.accounts.values())
    assert ledger.held_cashless + cash_held == doubtful
    intended = {each.op for each in world.records if isinstance(each, r.PaymentIntended)}
    assert set(terminals.payments) <= intended, "no request without its intent"
    receipts = ledger.totals.receipts_cash
    assert world.physics.inserted == world.given + receipts + ledger.owed + cash_held, "no cash for cashless"
    assert not any("281012345678901234" in repr(each) for each in world.records)


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.__name__)
@pytest.mark.parametrize("after", [True, False], ids=["durable", "lost"])
def test_killed_at_every_write(visit: Visit, after: bool) -> None:
    for at in range(1, writes_of(visit) + 1):
        reborn = live(fresh(), visit, at if after else -at)
        assert reborn is not None, "the sweep must kill"
        reborn.boot()
        peace(reborn)
        assert_the_terminal_and_the_books_agree(reborn)
        assert_one_receipt(reborn)
        assert reborn.phase in (Phase.IDLE, Phase.OUT_OF_SERVICE)


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.__name__)
def test_killed_again_inside_recovery(visit: Visit) -> None:
    for at in range(1, writes_of(visit) + 1):
        again = 1
        while True:
            reborn = live(fresh(), visit, at)
            assert reborn is not None

            def recover(world: World) -> None:
                world.boot()
                settle(world)

            third = live(reborn, recover, again)
            if third is None:
                break
            third.boot()
            peace(third)
            assert_the_terminal_and_the_books_agree(third)
            again += 1


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.__name__)
def test_killed_while_the_terminal_is_away_and_it_comes_back_later(visit: Visit) -> None:
    for at in range(1, writes_of(visit) + 1):
        reborn = live(fresh(), visit, at)
        assert reborn is not None
        reborn.physics.terminals.is_up = False
        reborn.boot()
        reborn.time_out("start")
        settle(reborn)
        assert reborn.phase in (Phase.IDLE, Phase.OUT_OF_SERVICE), "the machine goes on without it"
        reborn.check()
        reborn.physics.terminals.is_up = True
        reborn.terminals_come()
        peace(reborn)
        assert_the_terminal_and_the_books_agree(reborn)
        assert_one_receipt(reborn)
