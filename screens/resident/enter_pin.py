"""Which four digits? They go from the keypad to the card process in one packet and are nowhere else."""

from __future__ import annotations

from typing import Any, ClassVar

from kiosk.intents import ForgotPin
from kiosk.view import EnterPin
from screens.widgets.frame import Top
from screens.widgets.secret import SecretScreen


class EnterPinScreen(SecretScreen):
    speaks_aloud: ClassVar[bool] = True
    title = "pin.title"

    def title_key(self, body: EnterPin) -> str:
        if body.is_record:
            return "pin.record.title"
        return "pin.checking.title" if body.is_checking else "pin.title"

    def lead_key(self, body: EnterPin) -> str:
        if body.is_record:
            return "pin.record.lead"
        return "pin.checking.lead" if body.is_checking else "pin.lead"

    def say_lead(self, top: Top, key: str, body: EnterPin) -> None:
        values: dict[str, Any] = {} if body.is_checking else {"length": body.length}
        top.lead.say(key, **values)

    def subject(self, body: Any) -> object:
        return body.is_record

    def is_asking(self, body: Any) -> bool:
        return isinstance(body, EnterPin)

    def is_busy(self, body: Any) -> bool:
        return isinstance(body, EnterPin) and body.is_checking

    def fill(self, body: EnterPin) -> None:
        self.take_slot(body)
        self.take_keyed(body.keyed)
        self.ids.left.set_tone("warn" if body.was_wrong or self.was_lost else "plain")
        if self.was_lost:
            self.ids.left.say("pin.again")
        else:
            self.ids.left.say("pin.wrong" if body.was_wrong else "pin.left", body.attempts_left)
        self.ids.forgot.show(self.can(ForgotPin))
        self.bind_intent(self.ids.forgot, ForgotPin)
        self.show_count()
