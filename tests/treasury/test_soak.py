"""The soak in short: some days of random visits, faults and deaths, closed to ¥0. `make campaign` goes on to 10^5."""

from __future__ import annotations

import pytest

from tests.treasury.soak import DAY, Soak

DAYS = 3


@pytest.mark.parametrize("seed", [1, 2])
def test_all_ledgers_balance_to_zero(seed: int) -> None:
    soak = Soak(seed)
    for _ in range(DAYS):
        soak.day()
    soak.end()
    assert soak.tally.visits == DAYS * DAY
    assert soak.tally.deaths > 5
    assert sum(soak.tally.receipts.values()) > 0
