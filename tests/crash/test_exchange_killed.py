"""The core dies at every journal write of an exchange, a day close and a settling: done whole, or not at all."""

from __future__ import annotations

import pytest

from kiosk import intents
from kiosk.engine.inner import AnswerStaff, StaffAsked
from kiosk.journal.ledger import imbalances
from kiosk.journal.records import ExchangeEnded
from kiosk.money import Yen
from tests.engine.world import CrashError, World
from tests.treasury.desk import OFFICER, moved

WORK: tuple[intents.StaffIntent, ...] = (
    intents.StartExchange(purpose="replenish", units=("hopper100",)),
    intents.EndExchange(exchange="E-0001", units=(moved(counted=19, put_in=30),), reason="unknown"),
    intents.StartExchange(purpose="collect", units=("hopper500",)),
    intents.EndExchange(exchange="E-0002", units=(moved("hopper500", taken_out=5),)),
    intents.RegisterFound(what="card", place="reader"),
    intents.CloseDay(),
)
AGAIN = ("exchange-open", "exchange-done", "exchange-none")
"""What an officer is told who does a thing again that was done already."""


def work(world: World, steps: tuple[intents.StaffIntent, ...]) -> list[AnswerStaff]:
    answers: list[AnswerStaff] = []
    world.loop.set_staff_desk(answers.append)
    for number, intent in enumerate(steps):
        world.event(StaffAsked(number, OFFICER, intent))
    return answers


def writes() -> int:
    world = World().boot()
    before = world.journal.appends
    work(world, WORK)
    return world.journal.appends - before


@pytest.mark.parametrize("is_durable", [True, False])
@pytest.mark.parametrize("at", range(1, writes() + 1))
def test_killed_at_every_write_and_done_again(at: int, is_durable: bool) -> None:
    """After the power is back the officer goes on where she was told nothing: each thing is in the books once."""
    world = World().boot()
    world.journal.die_at = (world.journal.appends + at) * (1 if is_durable else -1)
    done = 0
    with pytest.raises(CrashError):
        for step in WORK:
            work(world, (step,))
            done += 1
    reborn = world.reboot()
    assert imbalances(reborn.ledger) == ()
    assert (reborn.ledger.exchange is not None) == (reborn.view.body.__class__.__name__ == "OutOfService")
    rest = WORK[done:]
    for step in rest:
        (answer,) = work(reborn, (step,))
        if answer.refusal is not None:
            assert answer.refusal.code in AGAIN and is_durable and step is rest[0]
    ledger = reborn.ledger
    assert imbalances(ledger) == ()
    assert ledger.exchange is None
    assert ledger.difference == Yen(-100)
    assert ledger.float_amount == Yen(20 * 660 + 3000 - 2500)
    assert ledger.units["hopper100"].count.total == Yen(4900)
    assert sum(isinstance(each, ExchangeEnded) for each in reborn.records) == 2
    assert len(ledger.found) == 1 + (
        is_durable and done == 4
    )  # a list that a person reads: a second number, no yen
