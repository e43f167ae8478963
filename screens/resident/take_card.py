"""Lift the card. Nothing else is to be read before it is lifted; the reader knows when it is."""

from __future__ import annotations

from typing import ClassVar

from kiosk.view import TakeCard
from screens.widgets.screen import Screen


class TakeCardScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "take_card.title"

    def lead_key(self, body: TakeCard) -> str:
        return "take_card.done" if body.is_verified else "take_card.ended"

    def fill(self, body: TakeCard) -> None:
        self.ids.state.show(body.is_verified or body.is_left)
        self.ids.state.set_tone("warn" if body.is_left else "ok")
        self.ids.state.say("take_card.left" if body.is_left else "take_card.verified")
