"""What to do now in front of the camera. No picture of the person: a head is drawn where the machine sees one."""

from __future__ import annotations

from kiosk.intents import OtherWay
from kiosk.view import FaceCheck
from screens.widgets.screen import Screen


class FaceCheckScreen(Screen):
    def title_key(self, body: FaceCheck) -> str:
        return f"camera.turn.{body.turn}" if self._is_turn(body) else f"camera.hint.{body.hint}"

    def lead_key(self, body: FaceCheck) -> str:
        return (
            "camera.turn.lead"
            if body.turn in ("left", "right") and self._is_turn(body)
            else "camera.check.lead"
        )

    def _is_turn(self, body: FaceCheck) -> bool:
        """A hint of what is wrong goes first; what is asked comes when nothing is."""
        return bool(body.turn) and body.hint == "good"

    def fill(self, body: FaceCheck) -> None:
        is_turn = self._is_turn(body)
        self.ids.head.show_head(body.head, body.turn if is_turn else "", body.hint == "good")
        self.ids.other.show(self.can(OtherWay))
        self.bind_intent(self.ids.other, OtherWay)
