"""A slice of campaign_killed.py: payments, refunds and exchanges at a kiosk of real processes, the core killed at
moments of theirs and of its recovery; afterwards every yen is accounted for. The campaign dies at every one of them."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from tests.crash.campaign_killed import ACTS, FIRST, Task, Told, Worker, visit
from tests.crash.patron import COIN

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="the officer needs an account of her own"),
]
SEED = 20261129
DEATHS = 3
"""Of each act, and one inside recovery."""


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(visits=60, open_s=0.4)
    try:
        yield made
    finally:
        made.end()


def played(worker: Worker, task: Task) -> Told:
    told = worker.visit(task)
    assert not told.wrong, f"{task}: {told.wrong}"
    return told


@pytest.mark.parametrize("act", ACTS)
def test_killed_at_moments_of_a_visit_and_of_recovery(worker: Worker, act: str) -> None:
    recorded = played(worker, Task(act, "", ""))
    assert not recorded.deaths and len(recorded.seen) > 10, "a visit that nothing disturbs"
    tasks = [Task(act, "", moment) for moment in _slice(recorded.seen, f"{SEED} {act}")]
    tasks += [Task(act, first, "") for hand, first in FIRST if hand.name == act][:1]
    told = [played(worker, task) for task in tasks]
    again = Task(act, tasks[-1].first, _slice(told[-1].seen, f"{SEED} again")[0])
    told.append(played(worker, again))
    assert sum(each.was_met for each in told) >= len(told) - 2, "threads race, but not so often"


def _slice(seen: list[str], seed: str) -> list[str]:
    """One of each kind of moment, as far as there are so many."""
    draw = random.Random(seed)  # the same slice of the same moments each time
    kinds = sorted({each.partition(":")[0] for each in seen})
    draw.shuffle(kinds)
    return [draw.choice([each for each in seen if each.startswith(f"{kind}:")]) for kind in kinds[:DEATHS]]


def test_a_death_that_loses_a_yen_would_be_seen(worker: Worker) -> None:
    """The check itself: a coin that nobody told of is one."""
    till = worker.ready()
    assert not visit(till, Task(COIN.name, "", "")).wrong
    till.ask("cctalk", "empty", "hopper100")
    assert "hopper100" in till.wrong(0.0)
    worker.next_kiosk()
