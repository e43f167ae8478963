"""The core ends by SIGKILL in the middle of a payment or a refund, on a kiosk of real processes that goes on: at a
durable write, before it or after it, at a write or a read of a serial line, and again while it recovers.

After each: the next resident is welcome, the ledger balances to ¥0, the coins lie where the journal says, and what is
not over has its incident. `make campaign` dies at every such moment, once; here is a slice of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.visits import CANCEL, COIN, NOTE, Kiosk

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.xdist_group("killed"),
    pytest.mark.timeout(600),
]

Hand = tuple[str, str]
Death = tuple[int, str]
NAMES = {COIN: "coin", NOTE: "note", CANCEL: "cancel"}
WHEN = ("before", "after", "write", "read")
SLICE: tuple[tuple[Hand, tuple[Death, ...]], ...] = (
    *((COIN, ((at, "before"),)) for at in (1, 5, 9)),
    *((COIN, ((at, "after"),)) for at in (3, 7, 11)),
    *((NOTE, ((at, "before"),)) for at in (2, 6, 10)),
    *((NOTE, ((at, "after"),)) for at in (4, 8, 12)),
    *((COIN, ((at, "write"),)) for at in (4, 17)),
    (COIN, ((23, "read"),)),
    *((NOTE, ((at, "write"),)) for at in (9, 26)),
    (NOTE, ((33, "read"),)),
    (CANCEL, ((5, "after"),)),
    (CANCEL, ((14, "write"),)),
    (COIN, ((8, "after"), (6, "write"))),
    (NOTE, ((5, "after"), (1, "after"))),
)
PARTS = 6
AT_MOST = 400
"""Moments of one kind in one visit; a visit that none of them ends is the last one."""
VISITS_PER_KIOSK = 20
"""Then there is little change left in it: the next one."""
campaign = pytest.mark.skipif("CAMPAIGN" not in os.environ, reason="`make campaign`: hours")
HOURS = pytest.mark.timeout(12 * 3600)


class Sweep:
    """One kiosk, visit after visit."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.kiosk = kiosk
        kiosk.stir_the_counter()

    def visit(self, hand: Hand, deaths: tuple[Death, ...]) -> bool:
        """True when every death came."""
        kiosk = self.kiosk
        kiosk.to_confirm()
        kiosk.arm(*deaths)
        seen = kiosk.confirm_and_pay(hand)
        lived = kiosk.disarm()
        told = f"{NAMES[hand]} killed {deaths}: {' '.join(seen)}"
        books = kiosk.books()
        assert not books["imbalances"], told
        assert kiosk.pieces() == kiosk.booked_pieces(), told
        assert not books["balances"]["unassigned"], told
        assert len(books["open_transactions"]) <= len(books["open_incidents"]), told
        return not lived


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    kiosk = Kiosk(tmp_path_factory.mktemp("killed") / "run")
    with kiosk.session:
        yield Sweep(kiosk)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_core_is_killed_in_payments_and_refunds(sweep: Sweep, part: int) -> None:
    killed = [sweep.visit(hand, deaths) for hand, deaths in SLICE[part::PARTS]]
    assert killed.count(False) <= 1, "a visit has more such moments than that"


def test_a_visit_that_nothing_disturbs_ends_well_afterwards(sweep: Sweep) -> None:
    assert not sweep.visit(COIN, ())


def until_a_visit_lives(place: Path, hand: Hand, first: tuple[Death, ...], when: str) -> int:
    """How many moments there are, each of which ended one visit."""
    for first_at in range(1, AT_MOST, VISITS_PER_KIOSK):
        kiosk = Kiosk(place / f"run{first_at}")
        with kiosk.session:
            sweep = Sweep(kiosk)
            for at in range(first_at, first_at + VISITS_PER_KIOSK):
                if not sweep.visit(hand, (*first, (at, when))):
                    return at - 1
    raise AssertionError("a visit does not end")


@campaign
@HOURS
@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("hand", NAMES, ids=NAMES.values())
def test_killed_once_at_every_moment(tmp_path: Path, hand: Hand, when: str) -> None:
    deaths = until_a_visit_lives(tmp_path, hand, (), when)
    print(f"{NAMES[hand]}: killed once at each of {deaths} moments ({when})", file=sys.__stderr__)
    assert deaths > 8


@campaign
@HOURS
@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize(
    ("hand", "first"),
    [
        (COIN, (4, "after")),
        (COIN, (9, "after")),
        (NOTE, (4, "after")),
        (NOTE, (9, "after")),
        (CANCEL, (6, "after")),
    ],
)
def test_killed_again_at_every_moment_of_recovery(
    tmp_path: Path, hand: Hand, first: Death, when: str
) -> None:
    deaths = until_a_visit_lives(tmp_path, hand, (first,), when)
    print(f"{NAMES[hand]} killed {first}, again at each of {deaths} moments ({when})", file=sys.__stderr__)
