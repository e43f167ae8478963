"""After a restart: this much was inside; give it back? The touch is the authority for the payout."""

from __future__ import annotations

from kiosk.intents import GiveBack
from kiosk.view import OfferBack
from screens.widgets.screen import Screen


class OfferBackScreen(Screen):
    def title_key(self, body: OfferBack) -> str:
        return "offer.cashless.title" if body.name else "offer.title"

    def lead_key(self, body: OfferBack) -> str:
        return "offer.cashless.lead" if body.name else "offer.lead"

    def fill(self, body: OfferBack) -> None:
        self.ids.amount.yen(body.amount)
        self.ids.amount.label.say("means.due" if body.name else "offer.inside")
        self.ids.name.show(bool(body.name))
        self.ids.name.write(body.name)
        self.ids.hand.show(not body.name)
        self.ids.give.say("offer.cashless.give" if body.name else "offer.give")
        self.bind_intent(self.ids.give, GiveBack)
