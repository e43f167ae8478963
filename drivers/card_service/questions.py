"""照合番号B, question by question: which slot is open for it, what came, and when it is forgotten."""

from __future__ import annotations

from collections.abc import Callable

from drivers.card_service.messages import CardEvent
from drivers.card_service.needs import Slots
from drivers.card_service.number import QUESTION_S, Number, length_of
from kiosk import ports
from kiosk.ids import DeviceId, SlotId
from kiosk.ports import NumberPart


class NumberQuestions:
    """`screen` is also the PIN's road: one slot at a time, and it is known here whether it is ours."""

    def __init__(
        self,
        device: DeviceId,
        post: Callable[[CardEvent], None],
        screen: Slots,
        camera: Slots,
        number: Number,
    ) -> None:
        self._device = device
        self._post = post
        self._screen, self._camera = screen, camera
        self._number = number
        self._asked: tuple[NumberPart, SlotId] | None = None

    @property
    def is_asking(self) -> bool:
        """The open slot is for the number, not for the PIN."""
        return self._asked is not None

    @property
    def is_complete(self) -> bool:
        return self._number.is_complete

    @property
    def is_waiting(self) -> bool:
        """Some of it is held, or being asked for."""
        return self.is_asking or self._number.has_any

    def ask(self, part: NumberPart) -> None:
        self.close()
        road = self._camera if part is NumberPart.WHOLE else self._screen
        length = length_of(part)
        try:
            slot = road.open(length, length, QUESTION_S)
        except OSError:
            self.forget()
            return
        self._asked = (part, slot)
        self._post(ports.NumberSlotOpened(self._device, part, slot, length))

    def answer(self, secret: bytearray) -> bool:
        """The packet for the open question; whether the number is complete now. The caller wipes it."""
        if self._asked is None:
            return False
        (part, slot), self._asked = self._asked, None
        if not self._number.put(part, secret):
            self._post(ports.NumberPartRefused(self._device, part, slot))
            return False
        self._post(ports.NumberPartTaken(self._device, part, slot))
        return self._number.is_complete

    def take(self) -> bytearray:
        """The whole number, for the one use that it has; whoever takes it wipes it."""
        return self._number.take()

    def forget(self) -> None:
        """And say so."""
        self.close()
        self._number.wipe()
        self._post(ports.NumberForgotten(self._device))

    def wipe(self) -> None:
        """Without a word: the core asked for it, or the session is over."""
        self.close()
        self._number.wipe()

    def close(self) -> None:
        """No slot is open any more, the PIN's neither."""
        self._asked = None
        self._screen.close()
        self._camera.close()

    def check_time(self) -> None:
        """Forget a number whose card does not come."""
        if self._number.seconds_left() == 0.0:
            self.forget()
