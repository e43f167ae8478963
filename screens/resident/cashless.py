"""Pay at the terminal or with a phone: what the hand has to do now, or that it has nothing to do."""

from __future__ import annotations

from kiosk.view import Cashless
from screens.widgets.screen import Screen

_DRAWINGS = {"touch": "terminal", "touch_again": "terminal", "scan": "phone"}


class CashlessScreen(Screen):
    def title_key(self, body: Cashless) -> str:
        return f"cashless.{body.stage}.title"

    def lead_key(self, body: Cashless) -> str:
        return f"cashless.{body.stage}.lead"

    def icon_of(self, body: Cashless) -> str:
        return "clock" if body.stage in ("processing", "proving", "checking") else ""

    def subject(self, body: object) -> object:
        return body.stage if isinstance(body, Cashless) else ""

    def fill(self, body: Cashless) -> None:
        ids = self.ids
        ids.amount.yen(body.due)
        ids.name.show(body.kind in ("emoney", "credit"))
        ids.name.write(body.name)
        drawing = _DRAWINGS.get(body.stage, "")
        ids.hand.show(bool(drawing))
        if drawing:
            ids.picture.use(drawing, moves=True)
        ids.code.show(body.stage == "show")
        ids.code.write(body.payload)
        ids.wait.show(body.stage in ("processing", "proving", "checking"))
        ids.no_cash.show(body.stage == "checking")
