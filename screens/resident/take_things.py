"""Have you got all of it? Each thing is confirmed by its sensor, by a touch only where there is none."""

from __future__ import annotations

from typing import Any, ClassVar

from kiosk.intents import Next, Taken
from kiosk.view import TakeThings
from screens.widgets.screen import Host, Screen
from screens.widgets.things import ThingCard


class TakeThingsScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    lead: ClassVar[str] = "things.lead"
    why_off: ClassVar[dict[str, str]] = {"cancel": "bar.cancel.printing"}

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._cards: dict[str, ThingCard] = {}
        super().__init__(host, **kwargs)

    def title_key(self, body: TakeThings) -> str:
        return "things.title" if _left(body) else "things.title.done"

    def head(self, top: Any, body: TakeThings) -> None:
        super().head(top, body)
        if _left(body):
            top.title.say("things.title", len(body.things))

    def title_values(self, body: TakeThings) -> dict[str, Any]:
        return {"n": len(body.things)}

    def icon_of(self, body: TakeThings) -> str:
        return "" if _left(body) else "tick_round"

    def fill(self, body: TakeThings) -> None:
        first = next((thing.thing for thing in body.things if thing.state == "waiting"), "")
        wanted = [thing.thing for thing in body.things]
        if list(self._cards) != wanted[: len(self._cards)]:  # other things than before
            self.ids.things.clear_widgets()
            self._cards.clear()
        for thing in body.things:
            if thing.thing not in self._cards:
                card = ThingCard(self._taken)
                self._cards[thing.thing] = card
                self.ids.things.add_widget(card)
            self._cards[thing.thing].share(len(body.things))
            self._cards[thing.thing].show_thing(thing, thing.thing == first, self.can(Taken))
        left = _left(body)
        self.bind_reading(self.ids.read)
        end = self.ids.end
        self.bind_intent(end, Next)
        if end.is_enabled:
            end.say("things.end")
        else:
            end.say("things.left", left) if left else end.say("things.title.done")

    def _taken(self, thing: str) -> None:
        self.host.send(Taken, thing=thing)


def _left(body: TakeThings) -> int:
    return sum(thing.state != "taken" for thing in body.things)
