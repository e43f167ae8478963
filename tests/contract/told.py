"""What a driver tells: its events in order, waited for without a clock in the test."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import TypeVar

from kiosk.ports import Event

T = TypeVar("T", bound=Event)

PATIENCE_S = 30.0
"""Before a test gives up; nothing is measured by it."""


class Told:
    """`post` for a driver; `until` for the test. Everything that was told stays in `all`."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def __call__(self, event: Event) -> None:
        self._queue.put(event)

    def until(self, kind: type[T], when: Callable[[T], bool] = lambda _: True) -> T:
        """The next event of that kind that fits."""
        while True:
            try:
                event = self._queue.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise AssertionError(f"no {kind.__name__} after {self.all}") from None
            self.all.append(event)
            if isinstance(event, kind) and when(event):
                return event

    def of(self, kind: type[T]) -> list[T]:
        """What was told of that kind so far."""
        while not self._queue.empty():
            self.all.append(self._queue.get())
        return [each for each in self.all if isinstance(each, kind)]
