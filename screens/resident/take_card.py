"""Lift the card, or the phone. Nothing else is to be read before it is lifted; the reader knows when it is."""

from __future__ import annotations

from typing import ClassVar

from kiosk.view import TakeCard
from screens.widgets.screen import Screen


class TakeCardScreen(Screen):
    speaks_aloud: ClassVar[bool] = True

    def title_key(self, body: TakeCard) -> str:
        return f"{_thing(body)}.title"

    def lead_key(self, body: TakeCard) -> str:
        if body.is_unread:
            return "notice.C-101.why"
        return "take_card.done" if body.is_verified and not body.is_phone else f"{_thing(body)}.ended"

    def fill(self, body: TakeCard) -> None:
        state = self.ids.state
        state.show(body.is_verified or body.is_left or body.is_unread)
        state.set_tone("warn" if body.is_left or body.is_unread else "ok")
        if body.is_unread:
            state.say("take_card.unread")
        else:
            state.say(f"{_thing(body)}.left" if body.is_left else f"{_thing(body)}.verified")
        self.ids.next.say(f"{_thing(body)}.next")


def _thing(body: TakeCard) -> str:
    return "take_phone" if body.is_phone else "take_card"
