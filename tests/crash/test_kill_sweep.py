"""The core dies at every journal write of a visit, before or after the write is durable, and again inside recovery.

One process, virtual time: the production loop and engine over a list for a journal and devices that remember what
they physically did. After each death the books and the boxes must agree and nobody may lose or gain a yen.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk import intents, ports
from kiosk.engine.state import Phase
from kiosk.money import Denomination, Yen
from tests.engine.world import CrashError, World

Visit = Callable[[World], None]


def pays_with_a_coin_too_large(world: World) -> None:
    world.until_pay()
    world.insert(Denomination.COIN500)
    for thing in ("certificate", "change", "receipt"):
        world.tap(intents.Taken, thing=thing)


def pays_piece_by_piece_for_three(world: World) -> None:
    world.until_pay(copies=3)
    for face in (Denomination.COIN500, Denomination.COIN50, Denomination.COIN100):
        world.insert(face)


def cancels(world: World) -> None:
    world.until_pay(copies=3)
    for face in (Denomination.COIN500, Denomination.COIN10):
        world.insert(face)
    world.tap(intents.Cancel)


def finds_the_printer_empty(world: World) -> None:
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.REFUSED
    world.insert(Denomination.COIN500)
    world.tap(intents.Cancel)


def has_a_jammed_hopper(world: World) -> None:
    world.physics.jammed.add("hopper100")
    world.until_pay()
    world.insert(Denomination.COIN500)


VISITS = (
    pays_with_a_coin_too_large,
    pays_piece_by_piece_for_three,
    cancels,
    finds_the_printer_empty,
    has_a_jammed_hopper,
)


def writes_of(visit: Visit) -> int:
    world = World().boot()
    visit(world)
    return world.journal.appends


def live(world: World, act: Visit, die_at: int) -> World | None:
    """Act until done (None) or dead (the world after power is back)."""
    world.journal.die_at = die_at
    try:
        act(world)
    except CrashError:
        return World(world.records, world.physics, world.setup)
    return None


def ask_back(world: World) -> None:
    """What a resident, or nobody, does after power is back."""
    if world.phase is Phase.OFFERING_BACK:
        world.tap(intents.GiveBack)


def settle(world: World) -> None:
    for _ in range(5):
        ask_back(world)
        world.take_all()
        if world.phase in (Phase.IN_TROUBLE, Phase.NOTIFIED):
            world.time_out("stage")


def assert_nobody_lost_a_yen(world: World) -> None:
    world.check()
    ledger, physics = world.ledger, world.physics
    receipts = Yen.sum(each.amount for each in ledger.totals.receipts.values())
    owed = Yen.sum(slip.amount for slip in ledger.slips.values())
    held = Yen.sum(account.held for account in ledger.accounts.values())
    assert (
        physics.inserted == world.given + receipts + owed + held + ledger.in_doubt + ledger.unassigned.total
    )
    booked = sum(each.count for each in ledger.totals.receipts.values())
    doubtful = sum(
        line.print_outcome in ("unknown", "partial")
        for account in ledger.accounts.values()
        for line in account.lines.values()
    )
    assert booked <= len(physics.printed) <= booked + doubtful
    if held:
        assert doubtful, "money is held for something that a person must see"
        assert held == Yen.sum(
            line.fee
            for account in ledger.accounts.values()
            for line in account.lines.values()
            if line.print_outcome in ("unknown", "partial")
        )


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.__name__)
@pytest.mark.parametrize("after", [True, False], ids=["durable", "lost"])
def test_killed_at_every_write(visit: Visit, after: bool) -> None:
    deaths = 0
    for at in range(1, writes_of(visit) + 1):
        reborn = live(World().boot(), visit, at if after else -at)
        assert reborn is not None, "the sweep must kill"
        deaths += 1
        reborn.boot()
        settle(reborn)
        assert_nobody_lost_a_yen(reborn)
        assert reborn.phase in (Phase.IDLE, Phase.OUT_OF_SERVICE)
    assert deaths == writes_of(visit)


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.__name__)
def test_killed_again_inside_recovery(visit: Visit) -> None:
    for at in range(1, writes_of(visit) + 1):
        again = 1
        while True:
            reborn = live(World().boot(), visit, at)
            assert reborn is not None

            def recover(world: World) -> None:
                world.boot()
                settle(world)

            third = live(reborn, recover, again)
            if third is None:
                break
            third.boot()
            settle(third)
            assert_nobody_lost_a_yen(third)
            again += 1


def test_boot_moves_no_money() -> None:
    for at in range(1, writes_of(cancels) + 1):
        reborn = live(World().boot(), cancels, at)
        assert reborn is not None
        before = list(reborn.physics.tray)
        reborn.boot()
        assert reborn.physics.tray == before
        assert not any(isinstance(command, ports.Dispense) for command in reborn.commands)
