"""What do you need? Any number of certificates; as many cards as fit, the rest behind one large button."""

from __future__ import annotations

from typing import Any, ClassVar

from kiosk.intents import Next, SetCopies
from kiosk.view import ChooseKinds
from screens.widgets.base import Rect
from screens.widgets.choice import KindCard
from screens.widgets.screen import Host, Screen


class ChooseKindsScreen(Screen):
    title: ClassVar[str] = "kinds.title"
    lead: ClassVar[str] = "kinds.lead"

    def __init__(self, host: Host, **kwargs: Any) -> None:
        self._cards: dict[str, KindCard] = {}
        self._first = 0
        self._shown = 0
        super().__init__(host, **kwargs)
        self.ids.more.does(self._turn)

    def fill(self, body: ChooseKinds) -> None:
        if list(self._cards) != [choice.kind for choice in body.kinds][: len(self._cards)]:  # other kinds
            self.ids.cards.clear_widgets()
            self._cards.clear()
            self._first = 0
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

    def _turn(self) -> None:
        self._first = self._first + self._shown if self._first + self._shown < len(self._cards) else 0
        self.changed()
        self.host.settle()

    def height_for(self, width: int) -> int:
        """With one card it can live: paging does the rest."""
        self._show_from(0, 1)
        return super().height_for(width)

    def place(self, rect: Rect) -> None:
        if rect != self.rect or self._is_stale:
            self._paginate(rect)
        super().place(rect)

    def _paginate(self, rect: Rect) -> None:
        total = len(self._cards)
        count = total - self._first
        for count in range(total - self._first, 0, -1):
            self._show_from(self._first, count)
            if super().height_for(rect.width) <= rect.height:
                break
        self._shown = count
        self._is_stale = True

    def _show_from(self, first: int, count: int) -> None:
        for index, card in enumerate(self._cards.values()):
            card.is_shown = first <= index < first + count
        rest = len(self._cards) - first - count
        more = self.ids.more
        more.is_shown = rest > 0 or first > 0
        if rest > 0:
            more.say("kinds.more", rest)
        elif first > 0:
            more.say("kinds.first")
        self.ids.cards._is_stale = True
