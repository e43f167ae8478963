"""All done; next time also at a convenience store."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import KeepGoing, Next
from kiosk.view import Done
from screens.widgets.screen import Screen


class DoneScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "done.title"
    lead: ClassVar[str] = "done.lead"

    def icon_of(self, body: Done) -> str:
        return "tick_round"

    def fill(self, body: Done) -> None:
        self.bind_reading(self.ids.read)
        self.ids.ends_soon.show(body.certificate_ends_soon)
        self.ids.end.show(self.can(Next) or self.can(KeepGoing))
        self.bind_intent(self.ids.end, Next, KeepGoing)
