"""When PC/SC itself noticed a card: what the virtual reader needs until then is not the kiosk's time."""

from __future__ import annotations

import threading
import time

from drivers.transport.pcsc import ReaderState, ReaderWatch

NOTICE_WITHIN_S = 3.0


class ReaderEye:
    """Watches the virtual reader beside the card process, as root may."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._state = ReaderState()
        self._seen_s = 0.0
        self._is_watching = False

    def wait_for(self, has_card: bool, since_s: float) -> float:
        """The moment (CLOCK_MONOTONIC) at which PC/SC told of it; now, if it tells nothing."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.has_card is has_card, NOTICE_WITHIN_S)
            return max(self._seen_s, since_s) if self._state.has_card is has_card else time.monotonic()

    def watch(self) -> None:
        """Begin, once."""
        if not self._is_watching:
            self._is_watching = True
            ReaderWatch(self._tell, allow_virtual=True).start()

    def _tell(self, state: ReaderState) -> None:
        with self._changed:
            if state.has_card is not self._state.has_card:
                self._seen_s = time.monotonic()
            self._state = state
            self._changed.notify_all()
