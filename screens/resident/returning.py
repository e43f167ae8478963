"""Money is coming back."""

from __future__ import annotations

from typing import ClassVar

from kiosk.view import Returning
from screens.widgets.screen import Screen


class ReturningScreen(Screen):
    title: ClassVar[str] = "returning.title"
    lead: ClassVar[str] = "returning.lead"

    def fill(self, body: Returning) -> None:
        self.ids.amount.yen(body.amount)
