"""The rim of the core: clocks judged, the evening noticed, the process started and ended as its unit does it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.daemon.clockwatch import judge
from kiosk.daemon.evening import Evening
from kiosk.version import BUILD_DATE


class MovedClock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def monotonic_s(self) -> float:
        return 0.0

    def wall(self) -> datetime:
        return self.at


def test_the_evening_comes_once_a_day() -> None:
    clock = MovedClock(datetime(2026, 11, 20, 14, 0, tzinfo=UTC))  # 23:00 in Japan
    evening = Evening(clock, "23:30")
    said = 0
    for _ in range(3 * 24 * 60):
        clock.at += timedelta(minutes=1)
        said += evening.has_come()
    assert said == 3


@pytest.mark.parametrize("jump", [timedelta(hours=-5), timedelta(days=-400)])
def test_a_clock_set_back_brings_no_evening(jump: timedelta) -> None:
    clock = MovedClock(datetime(2026, 11, 20, 14, 31, tzinfo=UTC))
    evening = Evening(clock, "23:30")
    clock.at += jump
    assert not evening.has_come()


def test_the_evening_of_a_machine_that_slept_over_it_comes_late() -> None:
    clock = MovedClock(datetime(2026, 11, 20, 14, 0, tzinfo=UTC))
    evening = Evening(clock, "23:30")
    clock.at += timedelta(minutes=31)
    assert evening.has_come()


def test_no_clock_before_the_build_is_right(tmp_path: Path) -> None:
    early = MovedClock(BUILD_DATE - timedelta(seconds=1))
    assert judge(early, must_be_synchronised=False).code == "before-build"
    now = MovedClock(BUILD_DATE + timedelta(days=1))
    assert judge(now, must_be_synchronised=True, mark=tmp_path / "none").code == "not-synchronised"
    (tmp_path / "mark").touch()
    assert judge(now, must_be_synchronised=True, mark=tmp_path / "mark").is_good
    assert judge(now, must_be_synchronised=False, mark=tmp_path / "none").is_good
