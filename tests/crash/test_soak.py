"""The soak in short: two days of visits with coins, notes, wire faults and jams, closed to the yen. `make campaign`
goes on for hundreds of days (campaign_soak.py)."""

from __future__ import annotations

from tests.crash.soak import DAY, Soak


def test_coins_notes_and_change_end_to_the_yen_day_after_day() -> None:
    soak = Soak(20261129)
    soak.day()
    came_in = soak.room.ledger.totals.cash_in
    soak.day()
    assert soak.room.ledger.totals.cash_in.value > came_in.value + DAY * 100, "money is still taken"
    tally = soak.tally
    assert tally.visits == 2 * DAY
    assert tally.faults and tally.jams and tally.exchanges and tally.notes_out
