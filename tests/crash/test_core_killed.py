"""The core ends by SIGKILL at the durable writes of a payment, on a kiosk of real processes that goes on.

After each: the next resident is welcome, the ledger balances to ¥0, the coins lie where the journal says, and what is
not over has its incident.
"""

import os
from pathlib import Path

import pytest

from tests.crash.visits import COIN, NOTE, Kiosk

pytestmark = [pytest.mark.system, pytest.mark.slow]

WRITES_AT_MOST = 24
"""A payment of one certificate has about twelve commits; the visit that none of them ends is the last one."""


STEP = 1 if "CAMPAIGN" in os.environ else 3
"""`make campaign` dies at every write; the usual run at each third, and its four visits begin at different ones."""


@pytest.mark.parametrize(
    ("when", "hand", "first"),
    [("before", COIN, 1), ("after", COIN, 2), ("before", NOTE, 3), ("after", NOTE, 1)],
    ids=["before-coin", "after-coin", "before-note", "after-note"],
)
def test_core_killed_at_writes(when: str, hand: tuple[str, str], first: int, tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path / "run")
    killed = 0
    with kiosk.session:
        if hand is NOTE:
            kiosk.stir_the_counter()
        for commit in range(first if STEP > 1 else 1, WRITES_AT_MOST, STEP):
            kiosk.to_confirm()
            kiosk.arm(commit, when)
            seen = kiosk.confirm_and_pay(hand)
            lived = kiosk.disarm()
            told = f"killed {when} commit {commit}: {' '.join(seen)}"
            books = kiosk.books()
            assert not books["imbalances"], told
            assert kiosk.pieces() == kiosk.booked_pieces(), told
            assert not books["balances"]["unassigned"], told
            assert len(books["open_transactions"]) <= len(books["open_incidents"]), told
            if lived:
                break
            killed += 1
        else:
            pytest.fail("a payment does not end")
    assert killed >= 8 // STEP, "a payment has more durable writes than that"
    assert "TakeThings" in seen, "the visit that nothing disturbed"
