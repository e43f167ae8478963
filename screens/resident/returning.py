"""Money is coming back."""

from __future__ import annotations

from kiosk.view import Returning
from screens.widgets.screen import Screen


class ReturningScreen(Screen):
    def title_key(self, body: Returning) -> str:
        return "returning.void.title" if body.name else "returning.title"

    def lead_key(self, body: Returning) -> str:
        if not body.name:
            return "returning.lead"
        return "returning.void.touch" if body.stage != "processing" else "returning.void.lead"

    def fill(self, body: Returning) -> None:
        self.ids.amount.yen(body.amount)
        is_touch = bool(body.name) and body.stage != "processing"
        self.ids.name.show(bool(body.name))
        self.ids.name.write(body.name)
        self.ids.hand.show(not body.name)
        self.ids.touch.show(is_touch)
        self.ids.wait.show(not body.name)
