"""Before the camera and before 照合番号B: what it is for, that nothing is kept, and an equal other way."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import Next, OtherWay
from kiosk.view import OfferFace
from screens.widgets.screen import Screen


class OfferFaceScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "camera.offer.title"
    lead: ClassVar[str] = "camera.offer.lead"

    def fill(self, body: OfferFace) -> None:
        self.bind_intent(self.ids.go, Next)
        self.bind_intent(self.ids.other, OtherWay)
