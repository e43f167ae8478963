"""The help page over a screen: what stands on a certificate, field by field; one certificate after the other, each in
as many pages as its words need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from i18n.explained import FIELDS
from screens.theme import look, tokens
from screens.widgets.base import Element, Row, Stack
from screens.widgets.button import PushButton
from screens.widgets.sheets import Overlay
from screens.widgets.text import Text


class ExplainSheet(Overlay):
    """`open(kinds)`: those that are offered here."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.on_turn: Callable[[], None] = lambda: None
        self._items: list[tuple[str, str]] = []
        self._first = self._count = 0
        self.title = Text()
        self.title.style = "title"
        self.fields = Stack()
        self.fields.gap = tokens.GAP_2
        self.more, self.close = PushButton(), PushButton()
        self.more.kind, self.more.target, self.more.icon = "side", "fields.more", "next"
        self.more.icon_at, self.more.grow = "after", 1.0
        self.more.does(self.turn)
        self.close.kind, self.close.key, self.close.icon = "main", "sheet.close", "close"
        self.close.target, self.close.grow = "sheet.close", 1.0
        row = Row()
        row.gap, row.align = tokens.GAP_3, "fill"
        row.add_widget(self.more)
        row.add_widget(self.close)
        self.dialog.gap = tokens.GAP_3
        top, bottom = Element(), Element()
        top.high = 2.0
        for part in (top, self.title, self.fields, row, bottom):
            self.dialog.add_widget(part)

    def open(self, kinds: tuple[str, ...]) -> None:
        self._items = [(kind, field) for kind in kinds for field in FIELDS.get(kind, ())]
        self._first = 0
        self.show(bool(self._items))
        self.changed()

    def restyle(self) -> None:
        self._first = 0  # other words need other pages
        super().restyle()

    @property
    def is_at_first(self) -> bool:
        """It shows its first page."""
        return self._first == 0

    def turn(self) -> None:
        """The next page; after the last one the first."""
        self._first = self._first + self._count if self._first + self._count < len(self._items) else 0
        self.changed()
        self.on_turn()

    def least_height(self, width: int) -> int:
        """With one field it can live."""
        self._show(1)
        self._is_stale = True  # whoever measured it places it again, with all that there is room for
        return self.dialog.height_for(width)

    def arrange(self) -> None:
        """As many fields of one certificate as there is room for."""
        if self._items:
            for count in range(len(self._of_this_kind()), 0, -1):
                self._show(count)
                if self.dialog.height_for(self.rect.width) <= self.rect.height:
                    break
        super().arrange()

    def _of_this_kind(self) -> list[str]:
        kind = self._items[self._first][0]
        return [field for other, field in self._items[self._first :] if other == kind]

    def _show(self, count: int) -> None:
        if not self._items:
            return
        kind, shown = self._items[self._first][0], self._of_this_kind()[:count]
        self._count = len(shown)
        self.title.take_words("fields.title", kind=look.words.text(f"kind.{kind}.short"))
        texts = list(reversed(self.fields.children))
        while len(texts) < len(shown):
            texts.append(Text())
            self.fields.add_widget(texts[-1])
        for index, text in enumerate(texts):
            text.is_shown = index < len(shown)
            if text.is_shown:
                text.take_words(f"field.{shown[index]}")
        self.fields._is_stale = self.dialog._is_stale = True
        self.more.is_shown = len(shown) < len(self._items)
        is_more = len(shown) < len(self._of_this_kind())
        self.more.take_words("fields.more" if is_more else "fields.next")
