"""Time as the server sees it: one clock, and the town's calendar day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

JST = timezone(timedelta(hours=9), "JST")
"""Japan has no summer time; a fixed offset needs no time zone database."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Now: aware, UTC, whole microseconds."""


class SystemClock:
    """The host's clock (kept by NTP)."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def town_time(now: datetime) -> datetime:
    """The same instant on the town hall's wall."""
    return now.astimezone(JST)


def town_day(now: datetime) -> date:
    """The town's calendar day of this instant."""
    return town_time(now).date()
