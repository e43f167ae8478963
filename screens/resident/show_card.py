"""The card's front to the camera: what to do now. No picture of it, and nothing of what it says."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import OtherWay, TypeNumber
from kiosk.view import ShowCard
from screens.widgets.screen import Screen

TITLES = {
    "come_closer": "show.come_closer",
    "tilt": "show.tilt",
    "hold_still": "camera.hint.hold_still",
}


class ShowCardScreen(Screen):
    lead: ClassVar[str] = "show.lead"

    def title_key(self, body: ShowCard) -> str:
        return TITLES.get(body.hint, "show.no_card")

    def fill(self, body: ShowCard) -> None:
        self.ids.type.show(self.can(TypeNumber))
        self.bind_intent(self.ids.type, TypeNumber)
        self.ids.other.show(self.can(OtherWay))
        self.bind_intent(self.ids.other, OtherWay)
