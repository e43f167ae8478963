"""One try left: use it, or go to the counter? Asked before the last try is used up."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import Cancel, ConsentLastTry, ForgotPin
from kiosk.view import LastTry
from screens.widgets.screen import Screen


class LastTryScreen(Screen):
    title: ClassVar[str] = "last.title"
    lead: ClassVar[str] = "last.lead"

    def icon_of(self, body: LastTry) -> str:
        return "alert"

    def fill(self, body: LastTry) -> None:
        self.bind_intent(self.ids.use, ConsentLastTry)
        self.bind_intent(self.ids.stop, ForgotPin, Cancel)
