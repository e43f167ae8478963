"""Time as the server sees it: one clock, and the town's calendar day."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

JST = timezone(timedelta(hours=9), "JST")
"""Japan has no summer time; a fixed offset needs no time zone database."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Now: aware, UTC, whole microseconds."""

    def monotonic_s(self) -> float:
        """Seconds that only go forward, from an unknown start."""

    async def wait_until(self, monotonic_s: float) -> None:
        """Comes back at this moment of `monotonic_s`, at once when it is past."""


class SystemClock:
    """The host's clock (kept by NTP)."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def wait_until(self, monotonic_s: float) -> None:
        await asyncio.sleep(max(0.0, monotonic_s - time.monotonic()))


def town_time(now: datetime) -> datetime:
    """The same instant on the town hall's wall."""
    return now.astimezone(JST)


def town_day(now: datetime) -> date:
    """The town's calendar day of this instant."""
    return town_time(now).date()
