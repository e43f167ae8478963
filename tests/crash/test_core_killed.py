"""The core ends by SIGKILL in the middle of a payment or a refund, on a kiosk with everything, its screens too, that
goes on: at a durable write, before it or after it, at a write or a read of a serial line, and again while it recovers.

After each: the next resident is welcome, the ledger balances to ¥0, the coins lie where the journal says, and what is
not over has its incident. Every such moment, without the screens: campaign_killed.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.visits import CANCEL, COIN, NOTE, Kiosk

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

Hand = tuple[str, str]
Death = tuple[int, str]
NAMES = {COIN: "coin", NOTE: "note", CANCEL: "cancel"}
SLICE: tuple[tuple[Hand, tuple[Death, ...]], ...] = (
    (COIN, ((5, "before"),)),
    (COIN, ((7, "after"),)),
    (NOTE, ((6, "before"),)),
    (NOTE, ((12, "after"),)),
    (COIN, ((17, "write"),)),
    (NOTE, ((33, "read"),)),
    (CANCEL, ((5, "after"),)),
    (COIN, ((8, "after"), (6, "write"))),
)
PARTS = 2


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
