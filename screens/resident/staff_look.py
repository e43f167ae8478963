"""Staff come and look at the card and the person; the card stays where it is."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import GoToCounter
from kiosk.view import StaffLook
from screens.widgets.screen import Screen


class StaffLookScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "camera.look.title"
    lead: ClassVar[str] = "camera.look.lead"

    def fill(self, body: StaffLook) -> None:
        self.bind_intent(self.ids.counter, GoToCounter)
