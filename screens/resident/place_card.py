"""Where does the card go? Once it lies there: leave it there. No button "next": the reader knows."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import NoCard
from kiosk.view import PlaceCard
from screens.widgets.screen import Screen


class PlaceCardScreen(Screen):
    speaks_aloud: ClassVar[bool] = True

    def title_key(self, body: PlaceCard) -> str:
        return "place.reading.title" if body.is_reading else "place.title"

    def lead_key(self, body: PlaceCard) -> str:
        return "place.reading.lead" if body.is_reading else "place.lead"

    def fill(self, body: PlaceCard) -> None:
        self.ids.picture.use("card_lies" if body.is_reading else "place_card", moves=not body.is_reading)
        self.ids.none.show(not body.is_reading and self.can(NoCard))
        self.bind_intent(self.ids.none, NoCard)
        self.ids.light.show(not body.is_reading)
