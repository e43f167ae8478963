"""Something could not be done and nothing is lost: one cause, one message, one next step."""

from __future__ import annotations

from typing import Any

from kiosk.intents import CallStaff, Cancel, KeepGoing, Next
from kiosk.view import Notice
from screens.theme import look
from screens.widgets.screen import Screen

_CARD_AGAIN = frozenset({"C-101", "C-102", "C-112"})
"""Codes whose next step is at this machine: the card once more."""


def text_of(code: str, part: str) -> str:
    """The key of a code's `title`, `why` or `next`; an unknown code has a general one."""
    key = f"notice.{code}.{part}"
    return key if look.words.has(key) else f"notice.other.{part}"


class NoticeScreen(Screen):
    def title_key(self, body: Notice) -> str:
        return text_of(body.code, "title")

    def lead_key(self, body: Notice) -> str:
        return text_of(body.code, "why")

    def icon_of(self, body: Notice) -> str:
        return "alert"

    def subject(self, body: Any) -> object:
        return body.code

    def fill(self, body: Notice) -> None:
        self.ids.picture.use("place_card" if body.code in _CARD_AGAIN else "counter", has_arrow=True)
        self.ids.next.say(text_of(body.code, "next"))
        self.ids.code.write(body.code)
        self.bind_intent(self.ids.ok, Next, KeepGoing, Cancel, CallStaff)
