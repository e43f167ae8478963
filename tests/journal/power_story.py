"""The short life of a journal that is cut at every point: single records, batches, a piece that is there already."""

from __future__ import annotations

import os

from kiosk.journal import records as r
from tests.journal.story import session, stock


def batches() -> list[list[r.AnyRecord]]:
    """As the core writes: one record, or several that belong together. POWER_DAYS: so many such days (1)."""
    story = [[stock()]]
    for day in range(1, int(os.environ.get("POWER_DAYS", "1")) + 1):
        one, two, three = (session(3 * day + at) for at in range(3))
        story += [
            *([each] for each in one),
            two[:3],
            *([each] for each in two[3:]),
            [r.DayClosed(day, "officer", "2026-11-30")],
            three,
            [r.Stopped()],
        ]
    return story
