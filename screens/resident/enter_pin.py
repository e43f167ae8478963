"""Which four digits? They go from the keypad to the card process in one packet and are nowhere else."""

from __future__ import annotations

from typing import Any, ClassVar

from kiosk.intents import ForgotPin
from kiosk.view import EnterPin
from screens.widgets.frame import Top
from screens.widgets.screen import Host, Screen


class EnterPinScreen(Screen):
    title: ClassVar[str] = "pin.title"

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._slot = ""
        self._sent_slot = ""
        self._was_lost = False
        self._keyed = 0
        super().__init__(host, **kwargs)
        self.ids.pad.on_count = self._show_count
        self.ids.go.does(self._send)

    def title_key(self, body: EnterPin) -> str:
        return "pin.checking.title" if body.is_checking else "pin.title"

    def lead_key(self, body: EnterPin) -> str:
        return "pin.checking.lead" if body.is_checking else "pin.lead"

    def say_lead(self, top: Top, key: str, body: EnterPin) -> None:
        values: dict[str, Any] = {} if body.is_checking else {"length": body.length}
        top.lead.say(key, **values)

    def fill(self, body: EnterPin) -> None:
        if body.slot != self._slot:
            self._slot = body.slot
            self._sent_slot = ""
            self.ids.pad.length = body.length
            self.ids.pad.clear()
        self._keyed = body.keyed
        if self._keyed and self.ids.pad.count:
            self.ids.pad.clear()  # one pad at a time: the one that was used last
        self.ids.left.set_tone("warn" if body.was_wrong or self._was_lost else "plain")
        if self._was_lost:
            self.ids.left.say("pin.again")
        else:
            self.ids.left.say("pin.wrong" if body.was_wrong else "pin.left", body.attempts_left)
        self.ids.forgot.show(self.can(ForgotPin))
        self.bind_intent(self.ids.forgot, ForgotPin)
        self._show_count(self.ids.pad.count)

    @property
    def _is_open(self) -> bool:
        body = self.view.body if self.view else None
        return (
            isinstance(body, EnterPin) and bool(self._slot) and not body.is_checking and not self._sent_slot
        )

    def _show_count(self, count: int) -> None:
        keys, go = self.ids.pad, self.ids.go
        count = self._keyed or count
        shown = count if self._is_open else keys.length
        self.ids.digits.show_count(shown if self._slot else 0, keys.length)
        keys.enable(self._is_open and not self._keyed)
        go.enable(self._is_open and count == keys.length)
        if go.is_enabled:
            go.say("pin.next")
        elif self._is_open:
            go.say("pin.more", keys.length - count)
        else:
            go.say("pin.opening")
        go.icon = "next" if go.is_enabled else ""
        self.host.settle()

    def _send(self) -> None:
        """What was typed here; with nothing typed here the packet is empty and stands for the ten-key's digits."""
        self._sent_slot, self._was_lost = self._slot, False
        if not self.ids.pad.send(self.host.pin_socket, self._slot, self._answered):
            self._answered(False)

    def _answered(self, was_accepted: bool) -> None:
        """Refused or lost on the way: the number never reached the card, so no try was used."""
        if was_accepted or self._sent_slot != self._slot:
            return
        self._sent_slot, self._was_lost = "", True
        body = self.view.body if self.view is not None else None
        if isinstance(body, EnterPin):
            self.fill(body)

    def leave(self) -> None:
        self.ids.pad.on_count = lambda _count: None
        self.ids.pad.clear()
