"""What became of a payout is judged by counters. The table, and a model hopper that is cut off anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cctalk.messages import LIFETIME_RANGE, HopperStatus, next_counter
from drivers.cctalk.payout import NO_LIFETIME, Evidence, Verdict, judge
from kiosk.ports import Outcome

O = Outcome  # noqa: E741  # a table reads better so
BEFORE = Evidence(7, 1000)


@pytest.mark.parametrize(
    ("now", "lifetime", "verdict"),
    [
        (HopperStatus(8, 0, 3, 0), 1003, Verdict(O.CONFIRMED, 3)),
        (HopperStatus(8, 0, 2, 1), 1002, Verdict(O.PARTIAL, 2, "short")),
        (HopperStatus(8, 0, 2, 0), 1002, Verdict(O.PARTIAL, 2, "short")),  # `unpaid` is not believed
        (HopperStatus(8, 0, 0, 3), 1000, Verdict(O.REFUSED, 0, "short")),
        (HopperStatus(8, 0, 3, 0), 1004, Verdict(O.CONFIRMED, 3, "", True)),  # one piece more than it says
        (HopperStatus(8, 0, 4, 0), 1004, Verdict(O.UNKNOWN, 3, "overpaid", True)),
        (HopperStatus(7, 0, 9, 0), 1000, Verdict(O.REFUSED, 0, "not-received")),  # 9: of an older payout
        (HopperStatus(7, 0, 9, 0), 1001, Verdict(O.UNKNOWN, 0, "counts-disagree", True)),
        (HopperStatus(9, 0, 3, 0), 1003, Verdict(O.UNKNOWN, 0, "counter-jumped")),
        (HopperStatus(0, 0, 2, 1), 1002, Verdict(O.PARTIAL, 2, "reset")),
        (HopperStatus(0, 0, 3, 0), 1003, Verdict(O.CONFIRMED, 3, "reset")),
        (HopperStatus(0, 0, 0, 3), 1000, Verdict(O.REFUSED, 0, "reset")),
        (HopperStatus(0, 0, 2, 1), 1001, Verdict(O.UNKNOWN, 1, "reset", True)),
        (HopperStatus(0, 0, 2, 1), 1090, Verdict(O.UNKNOWN, 0, "reset")),
        (HopperStatus(8, 0, 3, 0), NO_LIFETIME, Verdict(O.CONFIRMED, 3)),
        (HopperStatus(0, 0, 3, 0), NO_LIFETIME, Verdict(O.UNKNOWN, 0, "reset")),
    ],
)
def test_table(now: HopperStatus, lifetime: int, verdict: Verdict) -> None:
    assert judge(3, BEFORE, now, lifetime) == verdict


def test_counters_wrap() -> None:
    before = Evidence(255, LIFETIME_RANGE - 1)
    assert judge(3, before, HopperStatus(1, 0, 3, 0), 2) == Verdict(O.CONFIRMED, 3)


def test_an_older_payout_that_looks_like_ours_is_no_proof() -> None:
    """Two resets, the same zero, and what the EEPROM says may be yesterday's: nobody can know."""
    before = Evidence(0, 1000)
    assert judge(3, before, HopperStatus(0, 0, 3, 0), 1000).outcome is O.UNKNOWN
    assert judge(3, before, HopperStatus(0, 0, 9, 0), 1000).outcome is O.REFUSED


@given(
    data=st.data(),
    counter=st.integers(0, 255),
    lifetime=st.integers(0, LIFETIME_RANGE - 1),
    last_paid=st.integers(0, 255),
    asked=st.integers(1, 255),
    is_taken=st.booleans(),
    is_reset=st.booleans(),
    sets_unpaid=st.booleans(),
)
def test_a_verdict_is_never_wrong_about_a_device_that_counts(
    data: st.DataObject,
    counter: int,
    lifetime: int,
    last_paid: int,
    asked: int,
    is_taken: bool,
    is_reset: bool,
    sets_unpaid: bool,
) -> None:
    """A hopper that keeps its counters may be cut off at any piece: what is called proven is true."""
    before = Evidence(counter, lifetime)
    paid_truly = data.draw(st.integers(0, asked)) if is_taken else 0
    paid, unpaid = (paid_truly, asked - paid_truly) if is_taken else (last_paid, 0)
    now_counter = next_counter(counter) if is_taken else counter
    now = HopperStatus(0 if is_reset else now_counter, 0, paid, unpaid if sets_unpaid else 0)
    verdict = judge(asked, before, now, (lifetime + paid_truly) % LIFETIME_RANGE)
    if verdict.outcome is O.UNKNOWN:
        assert verdict.paid <= paid_truly
        assert is_reset or counter == 0, "a device that was not reset always tells"
    else:
        assert verdict.paid == paid_truly
        assert (verdict.outcome is O.CONFIRMED) == (paid_truly == asked)
        assert (verdict.outcome is O.REFUSED) == (paid_truly == 0)
    assert not verdict.is_doubtful or is_reset or counter == 0
