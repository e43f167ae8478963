"""照合番号B, one of three questions: birth date, year of expiry, security code, as they are printed on the card.

They go the PIN's way: pad, one packet, card process. Dots only here too: what stands on a card opens its photo.
"""

from __future__ import annotations

from typing import Any

from kiosk.intents import OtherWay
from kiosk.view import EnterNumber
from screens.widgets.secret import SecretScreen


class EnterNumberScreen(SecretScreen):
    def title_key(self, body: EnterNumber) -> str:
        return f"number.{body.part}.title"

    def lead_key(self, body: EnterNumber) -> str:
        return f"number.{body.part}.lead"

    def subject(self, body: Any) -> object:
        return body.part

    def groups(self, body: EnterNumber) -> tuple[int, ...]:
        return (2, 4) if body.part == "birth" else ()

    def is_asking(self, body: Any) -> bool:
        return isinstance(body, EnterNumber)

    def fill(self, body: EnterNumber) -> None:
        self.take_slot(body)
        self.take_keyed(body.keyed)
        self.ids.note.set_tone("warn" if body.note or self.was_lost else "plain")
        if self.was_lost:
            self.ids.note.say("pin.again")
        else:
            self.ids.note.say(f"number.note.{body.note}" if body.note else f"number.{body.part}.example")
        self.ids.other.show(self.can(OtherWay))
        self.bind_intent(self.ids.other, OtherWay)
        self.show_count()
