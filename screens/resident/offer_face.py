"""Before the camera and before 照合番号B: what it is for, that nothing is kept, and an equal other way."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import Next, OtherWay, TypeNumber
from kiosk.view import OfferFace
from screens.widgets.screen import Screen


class OfferFaceScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "camera.offer.title"
    lead: ClassVar[str] = "camera.offer.lead"

    def fill(self, body: OfferFace) -> None:
        self.ids.go.say("show.go" if body.can_show else "camera.offer.go")
        self.ids.type.show(body.can_show)
        self.bind_intent(self.ids.type, TypeNumber)
        self.bind_intent(self.ids.go, Next)
        self.bind_intent(self.ids.other, OtherWay)
