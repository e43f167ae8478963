"""One thing to be told to whoever lays a staff card down: take it, wait, or why it opens nothing."""

from __future__ import annotations

from typing import Any

from kiosk.intents import Cancel, UseSealedCode
from kiosk.view import StaffNote
from screens.theme import look
from screens.widgets.frame import Top
from screens.widgets.screen import Screen


class StaffNoteScreen(Screen):
    def title_key(self, body: StaffNote) -> str:
        return f"staff.note.{body.code}.title"

    def lead_key(self, body: StaffNote) -> str:
        return "" if body.code == "time" and not body.facts else f"staff.note.{body.code}.why"

    def say_lead(self, top: Top, key: str, body: StaffNote) -> None:
        values: dict[str, Any] = dict(body.facts)
        if body.ends_at_s:
            values["seconds"] = str(max(1, round(body.ends_at_s - look.monotonic())))
        top.lead.say(key, **values)

    def icon_of(self, body: StaffNote) -> str:
        return "tick_round" if body.code == "back" else "alert"

    def subject(self, body: Any) -> object:
        return body.code

    def fill(self, body: StaffNote) -> None:
        self.ids.picture.use("take_card", has_arrow=True)
        is_to_take = body.is_card_there and body.code != "wait"
        self.ids.picture.show(is_to_take)
        self.ids.next.say("staff.note.take" if is_to_take else f"staff.note.{body.code}.next")
        self.ids.code.show(self.can(UseSealedCode))
        self.bind_intent(self.ids.code, UseSealedCode)
        self.ids.ok.show(self.can(Cancel))
        self.bind_intent(self.ids.ok, Cancel)
