"""When the day's close is asked for. The clock only asks: what belongs to a day is the journal's sequence."""

from __future__ import annotations

from datetime import datetime, time

from kiosk.clock import Clock
from kiosk.slips import JST


class Evening:
    """Says once a day that the town's closing time has passed. A machine that was off closes at the next one."""

    def __init__(self, clock: Clock, closes: str) -> None:
        """`closes`: `23:30`, Japan's time."""
        self._clock = clock
        self._closes = time.fromisoformat(closes)
        self._seen = self._now()

    def has_come(self) -> bool:
        """True when the closing time lies between the last call and this one. A clock set back says nothing."""
        before, self._seen = self._seen, self._now()
        closes = datetime.combine(self._seen.date(), self._closes, JST)
        return before < closes <= self._seen

    def _now(self) -> datetime:
        return self._clock.wall().astimezone(JST)
