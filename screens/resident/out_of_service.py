"""Out of service: why, and what to do instead."""

from __future__ import annotations

from typing import Any, ClassVar

from kiosk.intents import CallStaff
from kiosk.view import OutOfService
from screens.theme import look
from screens.widgets.frame import Top
from screens.widgets.screen import Screen


class OutOfServiceScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "out.title"

    def head(self, top: Top, body: Any) -> None:
        super().head(top, body)
        top.place_row.name(body.town)

    def lead_key(self, body: OutOfService) -> str:
        key = f"out.{body.reason}"
        return key if look.words.has(key) else "out.other"

    def icon_of(self, body: OutOfService) -> str:
        return "clock" if body.reason in ("starting", "closed") else "alert"

    def fill(self, body: OutOfService) -> None:
        is_starting = body.reason == "starting"
        self.ids.wait.show(is_starting)
        self.ids.counter.show(not is_starting)
        self.ids.konbini.show(not is_starting)
        self.ids.heading.show(not is_starting)
        self.ids.code.show(bool(body.code))
        self.ids.code.write(body.code)
        self.ids.call.show(self.can(CallStaff) and not is_starting)
        self.bind_intent(self.ids.call, CallStaff)
