"""A screen that asks for digits: pad, dots and the one packet. The PIN and 照合番号B are asked the same way.

A subclass has `pad`, `digits` and `go` in its .kv, says what stands above them, and names its slot and its length.
"""

from __future__ import annotations

from typing import Any

from screens.widgets.screen import Host, Screen

_NEVER = "-"
"""No view has come yet: the first one is always another slot, also an empty one."""


class SecretScreen(Screen):
    """The digits are in the pad only, and leave it in one packet; here are counts."""

    is_tight = True

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._slot = _NEVER
        self._sent_slot = ""
        self._was_lost = False
        self._keyed = 0
        super().__init__(host, **kwargs)
        self.ids.pad.on_count = self._show_count
        self.ids.go.does(self._send)

    def more_key(self, body: Any) -> str:
        """So many digits are missing."""
        return "pin.more"

    def groups(self, body: Any) -> tuple[int, ...]:
        """After how many digits a gap stands."""
        return ()

    def least(self, body: Any) -> int:
        """With so many digits it may be sent."""
        return int(body.length)

    def is_busy(self, body: Any) -> bool:
        """The card is asked: nothing can be typed."""
        return False

    def is_asking(self, body: Any) -> bool:
        """It is this screen's kind of body."""
        raise NotImplementedError

    def take_slot(self, body: Any) -> None:
        """In `fill`: a new slot is a new number."""
        if body.slot != self._slot:
            self._slot = body.slot
            self._sent_slot = ""
            self.ids.pad.length = body.length
            self.ids.pad.clear()

    def take_keyed(self, count: int) -> None:
        """In `fill`: digits that are in on the ten-key, beside this pad. One pad at a time: the one used last."""
        self._keyed = count
        if count and self.ids.pad.count:
            self.ids.pad.clear()

    def show_count(self) -> None:
        """In `fill`, at its end."""
        self._show_count(self.ids.pad.count)

    @property
    def was_lost(self) -> bool:
        """Refused or lost on the way: it reached nobody, so no try was used."""
        return self._was_lost

    @property
    def _is_open(self) -> bool:
        body = self.view.body if self.view else None
        return (
            self.is_asking(body)
            and self._slot not in ("", _NEVER)
            and not self.is_busy(body)
            and not self._sent_slot
        )

    def _show_count(self, count: int) -> None:
        keys, go = self.ids.pad, self.ids.go
        body = self.view.body if self.view else None
        count = self._keyed or count
        shown = count if self._is_open else keys.length
        groups = self.groups(body) if self.is_asking(body) else ()
        is_there = self._slot not in ("", _NEVER) or (body is not None and self.is_busy(body))
        self.ids.digits.show_count(shown if is_there else 0, keys.length, groups)
        keys.enable(self._is_open and not self._keyed)
        least = self.least(body) if self.is_asking(body) else keys.length
        go.enable(self._is_open and count >= least)
        if go.is_enabled:
            go.say("pin.next")
        elif self._is_open:
            go.say(self.more_key(body), least - count)
        else:
            go.say("pin.opening")
        go.icon = "next" if go.is_enabled else ""
        self.host.settle()
        if self._is_open:
            self.host.count_digits(count)

    def _send(self) -> None:
        """What was typed here; with nothing typed here the packet is empty and stands for the ten-key's digits."""
        self._sent_slot, self._was_lost = self._slot, False
        if not self.ids.pad.send(self.host.pin_socket, self._slot, self._answered):
            self._answered(False)

    def _answered(self, was_accepted: bool) -> None:
        if was_accepted or self._sent_slot != self._slot:
            return
        self._sent_slot, self._was_lost = "", True
        body = self.view.body if self.view is not None else None
        if self.is_asking(body):
            self.fill(body)

    def leave(self) -> None:
        self.ids.pad.on_count = lambda _count: None
        self.ids.pad.clear()
