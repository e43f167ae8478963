"""Out of service: why, and what to do instead. In an emergency one thing only: leave the building."""

from __future__ import annotations

from typing import Any, ClassVar

from i18n.message import Message, Run
from kiosk.intents import CallStaff, UseSealedCode
from kiosk.view import Elsewhere, OutOfService
from screens.theme import look
from screens.widgets.frame import Top
from screens.widgets.screen import Screen

_CALM = {"starting": "clock", "closed": "clock", "maintenance": "clock", "emergency": "exit"}


class OutOfServiceScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "out.title"

    def title_key(self, body: OutOfService) -> str:
        key = f"out.{body.reason}.title"
        return key if look.words.has(key) else self.title

    def head(self, top: Top, body: Any) -> None:
        super().head(top, body)
        top.place_row.name(body.town)

    def subject(self, body: Any) -> object:
        return body.reason

    def lead_key(self, body: OutOfService) -> str:
        if body.reason == "left":
            return "notice.M-406.why"
        key = f"out.{body.reason}"
        return key if look.words.has(key) else "out.other"

    def icon_of(self, body: OutOfService) -> str:
        return _CALM.get(body.reason, "alert")

    def fill(self, body: OutOfService) -> None:
        ids = self.ids
        is_emergency = body.reason == "emergency"
        is_told = body.reason not in ("starting", "emergency")
        ids.wait.show(body.reason in ("starting", "maintenance"))
        ids.leave.show(is_emergency)
        ids.heading.show(is_told)
        ids.counter.show(is_told and not body.phone)
        ids.phone.show(is_told and bool(body.phone))
        if body.phone:
            ids.phone_text.say("out.phone", phone=body.phone)
        ids.nearest.show(is_told and body.nearest is not None)
        if body.nearest is not None:
            ids.nearest_text.write(_place(body.nearest))
        ids.konbini.show(is_told)
        ids.code.show(bool(body.code))
        ids.code.write(body.code)
        ids.call.show(self.can(CallStaff) and is_told and not body.phone)
        self.bind_intent(ids.call, CallStaff)
        ids.sealed.show(self.can(UseSealedCode))
        self.bind_intent(ids.sealed, UseSealedCode)


def _place(place: Elsewhere) -> Message:
    """The town's own words: what it is called, how to get there, when it is open."""
    lines = [((Run(place.name, True),),), *(((Run(text),),) for text in (place.way, place.hours) if text)]
    return Message(tuple(lines))
