"""Have you got all of it? Each thing is confirmed by its sensor, by a touch only where there is none."""

from __future__ import annotations

from typing import Any, ClassVar

from kiosk.intents import Next, Taken
from kiosk.view import TakeThings
from screens.theme import look
from screens.widgets.base import Row
from screens.widgets.screen import Host, Screen
from screens.widgets.things import LIST_MOST, ThingCard


class TakeThingsScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    lead: ClassVar[str] = "things.lead"
    why_off: ClassVar[dict[str, str]] = {"cancel": "bar.cancel.printing"}

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._cards: dict[str, ThingCard] = {}
        self._are_paired = False
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
        self._make_cards(body)
        for thing in body.things:
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

    def _make_cards(self, body: TakeThings) -> None:
        """One below the other; on a panel that lies across, more than three are two and two."""
        wanted = [thing.thing for thing in body.things]
        are_paired = look.is_split and len(wanted) > LIST_MOST
        if list(self._cards) != wanted[: len(self._cards)] or are_paired != self._are_paired:
            self.ids.things.clear_widgets()
            self._cards.clear()
        self._are_paired = are_paired
        place: Any = self.ids.things
        for number, thing in enumerate(wanted):
            if are_paired and number % 2 == 0:
                place = self._row(number)
            if thing not in self._cards:
                self._cards[thing] = ThingCard(self._taken)
                place.add_widget(self._cards[thing])

    def _row(self, number: int) -> Row:
        """The pair that begins with this one."""
        rows = [each for each in self.ids.things.parts() if isinstance(each, Row)]
        if number // 2 < len(rows):
            return rows[number // 2]
        row = Row()
        row.gap, row.grow, row.align = 6.0, 1.0, "fill"
        self.ids.things.add_widget(row)
        return row

    def _taken(self, thing: str) -> None:
        self.host.send(Taken, thing=thing)


def _left(body: TakeThings) -> int:
    return sum(thing.state != "taken" for thing in body.things)
