"""The PIN of a member of staff's own card: the resident's keypad and its one road, with room for 6 to 8 digits."""

from __future__ import annotations

from typing import Any

from kiosk.view import StaffPin
from screens.widgets.secret import SecretScreen


class StaffPinScreen(SecretScreen):
    title = "staff.pin.title"
    lead = "staff.pin.lead"

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
        else:
            key = "staff.pin.wrong" if body.was_wrong else "staff.pin.left"
            self.ids.left.say(key, n=str(body.attempts_left))
        self.show_count()
