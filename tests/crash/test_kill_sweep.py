"""The core dies at every journal write of a visit, before or after the write is durable, and again inside recovery.

One process, virtual time: the production loop and engine over a list for a journal and devices that remember what
they physically did. After each death the books and the boxes must agree and nobody may lose or gain a yen.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk import intents, ports
from kiosk.engine.state import Phase
from kiosk.journal.records import LineBooked, ReceiptIntended, ReceiptSettled, Record
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


def assert_one_receipt(world: World) -> None:
    """What was paid for and is out has its receipt, once; or staff are told that nobody knows whether it came out."""
    booked = sum(each.count for each in world.ledger.totals.receipts.values())
    doubts = [each for each in world.ledger.incidents.values() if each.code == "R-504"]
    came_out = sum(kind in ("receipt", "statement") for kind in world.physics.slips)
    assert not world.ledger.receipt_prints
    assert came_out <= bool(booked), "a second receipt, or one for nothing"
    assert len(doubts) <= bool(booked)
    assert not booked or came_out or doubts, "a receipt is owed"


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
        assert_one_receipt(reborn)
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
            assert_one_receipt(third)
            again += 1


def test_boot_moves_no_money() -> None:
    for at in range(1, writes_of(cancels) + 1):
        reborn = live(World().boot(), cancels, at)
        assert reborn is not None
        before = list(reborn.physics.tray)
        reborn.boot()
        assert reborn.physics.tray == before
        assert not any(isinstance(command, ports.Dispense) for command in reborn.commands)


def killed_at(kind: type[Record], visit: Visit, *, durable: bool) -> World:
    """What is left when the core died before or after the first record of this kind was durable."""
    for at in range(1, writes_of(visit) + 1):
        reborn = live(World().boot(), visit, at if durable else -at)
        assert reborn is not None
        last = World().boot()
        live(last, visit, at)
        if any(isinstance(each, kind) for each in last.records):
            return reborn
    raise AssertionError(f"no {kind.__name__} in this visit")


@pytest.mark.parametrize(("kind", "durable"), [(LineBooked, True), (ReceiptIntended, False)])
def test_a_receipt_that_was_not_sent_comes_out_after_the_restart(kind: type[Record], durable: bool) -> None:
    reborn = killed_at(kind, pays_with_a_coin_too_large, durable=durable)
    assert "receipt" not in reborn.physics.slips
    reborn.boot()
    settle(reborn)
    assert reborn.physics.slips == ["receipt"]
    assert not reborn.ledger.incidents
    assert_nobody_lost_a_yen(reborn)


@pytest.mark.parametrize(
    ("kind", "durable", "came_out"), [(ReceiptIntended, True, 0), (ReceiptSettled, False, 1)]
)
def test_a_receipt_that_may_have_come_out_is_not_printed_again(
    kind: type[Record], durable: bool, came_out: int
) -> None:
    reborn = killed_at(kind, pays_with_a_coin_too_large, durable=durable)
    assert reborn.physics.slips.count("receipt") == came_out
    reborn.boot()
    settle(reborn)
    assert reborn.physics.slips.count("receipt") == came_out
    assert [each.code for each in reborn.ledger.incidents.values()] == ["R-504"]
    settled = [each for each in reborn.records if isinstance(each, ReceiptSettled)]
    assert [each.outcome for each in settled] == ["unknown"]
    again = World(reborn.records, reborn.physics, reborn.setup).boot()
    settle(again)
    assert len(again.ledger.incidents) == 1, "it is said once"


def test_a_receipt_that_is_owed_waits_for_its_printer() -> None:
    reborn = killed_at(LineBooked, pays_with_a_coin_too_large, durable=True)
    printer = reborn.setup.receipt_printer
    reborn.late = frozenset({printer})
    reborn.boot()
    assert reborn.phase is Phase.STARTING
    assert "receipt" not in reborn.physics.slips
    reborn.event(ports.DeviceArrived(printer, "test"))
    settle(reborn)
    assert reborn.physics.slips == ["receipt"]


def test_a_dead_receipt_printer_keeps_no_money() -> None:
    reborn = killed_at(LineBooked, pays_with_a_coin_too_large, durable=True)
    reborn.slip_outcome = ports.Outcome.REFUSED
    reborn.late = frozenset({reborn.setup.receipt_printer})
    reborn.boot()
    reborn.time_out("start")
    settle(reborn)
    assert_nobody_lost_a_yen(reborn)
    assert reborn.given == Yen(300)
    assert "R-504" in {each.code for each in reborn.ledger.incidents.values()}
