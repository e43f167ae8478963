"""What do you need? Any number of certificates; as many cards as fit, the rest behind one large button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from kiosk.intents import AskWhich, Next, SetCopies
from kiosk.view import ChooseKinds
from screens.widgets.choice import KindCard
from screens.widgets.paged import PagedScreen
from screens.widgets.screen import Host


class ChooseKindsScreen(PagedScreen):
    stack = "cards"
    few = 2
    title: ClassVar[str] = "kinds.title"
    lead: ClassVar[str] = "kinds.lead"

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._cards: dict[str, KindCard] = {}
        super().__init__(host, **kwargs)

    def paged(self) -> Sequence[KindCard]:
        return list(self._cards.values())

    def fill(self, body: ChooseKinds) -> None:
        if list(self._cards) != [choice.kind for choice in body.kinds][: len(self._cards)]:  # other kinds
            self.ids.cards.clear_widgets()
            self._cards.clear()
            self._first = 0
        self.ids.which.show(body.has_guide)
        self.bind_intent(self.ids.which, AskWhich)
        for choice in body.kinds:
            if choice.kind not in self._cards:
                card = KindCard(self._set_copies)
                self._cards[choice.kind] = card
                self.ids.cards.add_widget(card)
            self._cards[choice.kind].show_choice(choice, self.can(SetCopies))
        is_any = body.copies > 0
        self.ids.count.say("kinds.chosen" if is_any else "kinds.none", body.copies if is_any else None)
        self.ids.total.show(is_any)
        self.ids.total.yen(body.total)
        self.bind_intent(self.ids.next, Next)
        self.ids.next.enable(is_any and self.can(Next))
        self.ids.next.say("main.next" if self.ids.next.is_enabled else "kinds.wait")
        self.ids.next.icon = "next" if self.ids.next.is_enabled else ""

    def _set_copies(self, kind: str, copies: int) -> None:
        self.host.send(SetCopies, kind=kind, copies=copies)
