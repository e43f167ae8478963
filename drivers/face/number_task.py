"""One reading of a card's front in the vision process: pictures in, hints out, and the number on its road."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from drivers.face.frames import Frame
from drivers.face.lettering import Blobs
from drivers.face.number_reader import NumberReader
from drivers.face.watcher import grey_of
from kiosk.ids import DeviceId, SlotId
from kiosk.ports import CardHint, CardHintCode, Event, NumberReadingEnded

READ_WITHIN_S: Final = 45.0
"""Then it is typed: whoever cannot hold a card still, or has another kind of card, is not kept."""

Road = Callable[[SlotId, bytearray], bool]
"""Sends the number and wipes it; whether the card process took it."""


class NumberTask:
    def __init__(
        self,
        device: DeviceId,
        slot: SlotId,
        now_s: float,
        blobs: Blobs,
        this_year: Callable[[], int],
        road: Road,
    ) -> None:
        self._device, self._slot = device, slot
        self._until_s = now_s + READ_WITHIN_S
        self._reader = NumberReader(blobs, this_year)
        self._road = road
        self._said: CardHintCode | None = None

    def see(self, frame: Frame) -> Iterator[Event]:
        """After NumberReadingEnded nothing more comes."""
        code = self._reader.see(grey_of(frame.pixels))
        if code is not self._said:
            self._said = code
            yield CardHint(self._device, code)
        number = self._reader.take()
        if number is not None:
            yield self.end("" if self._road(self._slot, number) else "not-taken")

    def is_late(self, now_s: float) -> bool:
        return now_s > self._until_s

    def end(self, reason: str) -> NumberReadingEnded:
        self._reader.forget()
        return NumberReadingEnded(self._device, self._slot, reason)
