"""The only clocks of the core. The engine has none: the loop stamps time into events."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the loop and the journal ask of time."""

    def monotonic_s(self) -> float:
        """Seconds that never go back; the same for every process of this machine (CLOCK_MONOTONIC)."""

    def wall(self) -> datetime:
        """Now, aware, UTC."""


class SystemClock:
    """The machine's clock."""

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wall(self) -> datetime:
        return datetime.now(UTC)
