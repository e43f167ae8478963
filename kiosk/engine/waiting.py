"""What somebody who waits for staff is told: that they were called, and how long it mostly takes. Pure."""

from __future__ import annotations

from kiosk.engine.state import Kiosk

CALLS_KEPT = 9
LEAST_CALLS = 3
"""From so many calls on is a usual time said. It is of this life of the core only, and no promise."""


def with_call(waits_s: tuple[int, ...], waited_s: int) -> tuple[int, ...]:
    """One more call ended with somebody there."""
    return (*waits_s, waited_s)[-CALLS_KEPT:]


def usual_s(state: Kiosk) -> int | None:
    """The median of the newest calls that ended with somebody there; None: too few."""
    waits = sorted(state.came_after_s)
    return waits[len(waits) // 2] if len(waits) >= LEAST_CALLS else None
