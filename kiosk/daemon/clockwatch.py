"""Whether the wall clock can be trusted: set by NTP, and not before this software was built."""

from __future__ import annotations

from pathlib import Path

from kiosk.clock import Clock
from kiosk.ports import ClockJudged
from kiosk.version import BUILD_DATE

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd touches it at the first synchronisation after boot (systemd-timesyncd.service(8))."""


def judge(clock: Clock, *, must_be_synchronised: bool, mark: Path = SYNCHRONISED) -> ClockJudged:
    """The verdict now. A demonstration machine need not be synchronised; the build date holds for all."""
    if clock.wall() < BUILD_DATE:
        return ClockJudged(False, "before-build")
    if must_be_synchronised and not mark.exists():
        return ClockJudged(False, "not-synchronised")
    return ClockJudged(True)
