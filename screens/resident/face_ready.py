"""The next touch opens the camera."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import Next, OtherWay
from kiosk.view import FaceReady
from screens.widgets.screen import Screen


class FaceReadyScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "camera.ready.title"
    lead: ClassVar[str] = "camera.ready.lead"

    def fill(self, body: FaceReady) -> None:
        self.bind_intent(self.ids.go, Next)
        self.bind_intent(self.ids.other, OtherWay)
