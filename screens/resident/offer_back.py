"""After a restart: this much was inside; give it back? The touch is the authority for the payout."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import GiveBack
from kiosk.view import OfferBack
from screens.widgets.screen import Screen


class OfferBackScreen(Screen):
    title: ClassVar[str] = "offer.title"
    lead: ClassVar[str] = "offer.lead"

    def fill(self, body: OfferBack) -> None:
        self.ids.amount.yen(body.amount)
        self.bind_intent(self.ids.give, GiveBack)
