"""What waits until nobody does anything: making the next screens ready, a piece at a time."""

from __future__ import annotations

import gc
from collections.abc import Callable

from kivy.clock import Clock

from screens.tidy import tidy

_FIRST_S, _NEXT_S, _AGAIN_S = 0.05, 0.02, 0.5
"""After the first frame; from piece to piece; after a view or a touch that came between."""


class Idle:
    """`make_ready` does one piece (tens of milliseconds) and returns False when there is none left."""

    def __init__(self, make_ready: Callable[[], bool]) -> None:
        self._make_ready = make_ready
        self._next = Clock.create_trigger(self._go_on)
        self._is_begun = False
        self.is_done = False
        """Nothing is left to be made ready: for benchmarks/screens.py."""

    def begin(self) -> None:
        """The first frame was shown."""
        self._after(_FIRST_S)

    def disturb(self) -> None:
        """Something happened: not now."""
        self._after(_AGAIN_S)

    def _after(self, seconds: float) -> None:
        self.is_done = False
        self._next.cancel()
        self._next = Clock.schedule_once(self._go_on, seconds)

    def _go_on(self, _dt: float) -> None:
        if self._make_ready():
            self._is_begun = True
            self._after(_NEXT_S)
            return
        self.is_done = True
        if self._is_begun:
            self._is_begun = False
            tidy()
            if not gc.get_freeze_count():
                gc.freeze()  # what stays for ever is looked through no more
