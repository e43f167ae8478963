"""Coins and notes as small signs: what can be put in now."""

from __future__ import annotations

from i18n import message as messages
from kiosk.money import Denomination
from screens.theme import look
from screens.widgets.base import Element
from screens.widgets.paint import draw_box
from screens.widgets.ring import draw_mark
from screens.widgets.text import Words

_COIN, _NOTE, _PAD = 24.0, 36.0, 3.0


class NoteFace(Element):
    """One denomination, by its figure: coins round, notes oblong."""

    role = "money"
    denomination = Denomination.COIN100
    high = _COIN

    def natural_width(self, limit: int) -> int:
        if not self.denomination.is_note:
            return look.px(_COIN)
        return max(look.px(_NOTE), self._words().natural() + 2 * look.px(_PAD))

    def lines(self) -> list[str]:
        return [self._label()]

    def _label(self) -> str:
        if self.denomination.is_note:
            return look.words.text(f"face.{self.denomination.value}")
        return str(self.denomination.face.value)

    def _words(self) -> Words:
        return Words(messages.plain(self._label()), look.em_px("body", 1.0), "body", True, "center")

    def draw(self) -> None:
        if self.denomination.is_note:
            draw_box("note", self.rect)
        else:
            draw_mark(self.rect, "coin")
        text = self._words()
        block = text.block(self.rect.width)
        x = self.rect.x + (self.rect.width - block.width) // 2
        text.draw(x, self.rect.y + (self.rect.height - block.height) // 2, self.rect.width, "ink")
