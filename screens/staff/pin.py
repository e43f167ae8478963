"""The PIN of a staff card (6 to 8 digits), or a sealed code (16): the keypad of the residents, and its one road."""

from __future__ import annotations

from typing import Any

from kiosk.view import StaffPin
from screens.widgets.secret import SecretScreen


class StaffPinScreen(SecretScreen):
    title = "staff.pin.title"
    lead = "staff.pin.lead"

    def title_key(self, body: Any) -> str:
        return f"staff.{_what(body)}.title"

    def lead_key(self, body: Any) -> str:
        return f"staff.{_what(body)}.lead"

    def more_key(self, body: Any) -> str:
        return "staff.more"

    def groups(self, body: Any) -> tuple[int, ...]:
        return (4, 8, 12) if body.is_code else ()

    def is_asking(self, body: Any) -> bool:
        return isinstance(body, StaffPin)

    def is_busy(self, body: Any) -> bool:
        return isinstance(body, StaffPin) and body.is_checking

    def least(self, body: Any) -> int:
        return int(body.shortest)

    def fill(self, body: StaffPin) -> None:
        self.take_slot(body)
        self.take_keyed(body.keyed)
        self.ids.left.set_tone("warn" if body.was_wrong or self.was_lost else "plain")
        if self.was_lost:
            self.ids.left.say("pin.again")
        elif body.is_code:
            self.ids.left.say("staff.code.wrong" if body.was_wrong else "staff.code.once")
        else:
            key = "staff.pin.wrong" if body.was_wrong else "staff.pin.left"
            self.ids.left.say(key, n=str(body.attempts_left))
        self.show_count()


def _what(body: Any) -> str:
    return "code" if isinstance(body, StaffPin) and body.is_code else "pin"
