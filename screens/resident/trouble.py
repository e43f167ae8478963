"""A person is needed. First: is my money safe? Then the number staff ask for, then what to do now."""

from __future__ import annotations

from typing import Any

from kiosk.intents import CallStaff, GiveBack, Next
from kiosk.view import Trouble
from screens.resident.notice import text_of
from screens.theme import look
from screens.widgets.screen import Screen


class TroubleScreen(Screen):
    def title_key(self, body: Trouble) -> str:
        return text_of(body.code, "title")

    def lead_key(self, body: Trouble) -> str:
        return text_of(body.code, "why")

    def icon_of(self, body: Trouble) -> str:
        return "alert"

    def subject(self, body: Any) -> object:
        return body.code

    def _what(self, body: Trouble, is_called: bool) -> str:
        if self.can(GiveBack):
            return text_of(body.code, "next")
        if is_called and self.view is not None and self.view.phone:
            return "toast.phone"
        return "trouble.called" if is_called else "trouble.call"

    def fill(self, body: Trouble) -> None:
        ids = self.ids
        key = f"trouble.money.{body.money}"
        if not look.words.has(f"{key}.head"):
            key = "trouble.money.held"
        ids.money_head.say(f"{key}.head")
        ids.money.show(look.words.has(key))
        ids.money.say(key, amount=body.amount)
        ids.number.write(body.number)
        ids.code.write(body.code)
        ids.slip.show(body.money == "slip")
        is_called = self.view is not None and self.view.is_staff_called
        key = self._what(body, is_called)
        if key == "toast.phone" and self.view is not None:
            ids.what.say(key, phone=self.view.phone)
        else:
            ids.what.say(key)
        gives_back = self.can(GiveBack)
        ids.give.show(gives_back)
        self.bind_intent(ids.give, GiveBack)
        ids.end.show(self.can(Next))
        self.bind_intent(ids.end, Next)
        ids.call.show(not gives_back)
        self.bind_intent(ids.call, CallStaff)
        ids.call.leaves_screen = False
        ids.call.enable(self.can(CallStaff) and not is_called)
        ids.call.say("trouble.coming" if is_called else "bar.call")
        ids.call.icon = "tick" if is_called else "call"
