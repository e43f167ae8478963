"""Not by the camera: a member of staff looks, or the counter. Never a refusal, never a reason."""

from __future__ import annotations

from kiosk.intents import AskStaff, GoToCounter, Next
from kiosk.view import OtherWays
from screens.widgets.screen import Screen


class OtherWaysScreen(Screen):
    def title_key(self, body: OtherWays) -> str:
        return "camera.ways.title"

    def lead_key(self, body: OtherWays) -> str:
        return "camera.ways.checked" if body.was_checked else "camera.ways.lead"

    def fill(self, body: OtherWays) -> None:
        self.ids.staff_panel.show(body.can_call)
        self.ids.staff.show(body.can_call)
        self.bind_intent(self.ids.staff, AskStaff)
        self.bind_intent(self.ids.counter, GoToCounter)
        self.ids.again.show(body.can_retry and self.can(Next))
        self.bind_intent(self.ids.again, Next)
