"""The panel that says how much: the amount large, what belongs to it below."""

from __future__ import annotations

from typing import Any

from kiosk.money import Yen
from screens.theme import look
from screens.widgets.base import Panel, Rect, Row, Rule, Stack
from screens.widgets.text import Figure, Text


class _Line(Panel):
    """The label and the figure on one baseline; one below the other when they do not fit beside each other."""

    gap = 5.0

    def __init__(self, label: Text, figure: Figure, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._label, self._figure = label, figure
        self.add_widget(label)
        self.add_widget(figure)

    def _is_folded(self, width: int) -> bool:
        wanted = self._label.words.natural() + look.px(self.gap) + self._figure.natural_width(9999)
        return wanted > width

    def height_for(self, width: int) -> int:
        figure, label = self._figure.height_for(width), self._label.height_for(width)
        if self._is_folded(width):
            return figure + label + self._comma(figure)
        below = self._figure.baseline(width) - self._label.baseline(width) + label
        return max(figure, below)

    def _comma(self, high: int) -> int:
        """What hangs below the figure's line; beside its label, the label's line has room for it."""
        return high // 8

    def arrange(self) -> None:
        rect = self.rect
        high = self._figure.height_for(rect.width)
        label_high = self._label.height_for(rect.width)
        bottom = rect.y + rect.height - high - self._comma(high) if self._is_folded(rect.width) else rect.y
        if self._is_folded(rect.width):
            self._label.place(Rect(rect.x, rect.y, rect.width, label_high))
            self._figure.place(Rect(rect.x, bottom, rect.width, high))
            return
        wide = self._label.words.natural()
        label_y = bottom + self._figure.baseline(rect.width) - self._label.baseline(rect.width)
        self._label.place(Rect(rect.x, label_y, wide, label_high))
        self._figure.place(Rect(rect.x + wide, bottom, rect.width - wide, high))


class AmountPanel(Stack):
    """`key`: what the amount is. Below a line, up to two small texts, left and right."""

    role = "amount"
    key = ""
    box = "amount"
    pad_x = 8.0
    pad_y = 5.0
    gap = 4.0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.label = Text()
        self.label.style = "title"
        self.figure = Figure()
        self.figure.style, self.figure.grow, self.figure.align, self.figure.unit = "huge", 1.0, "right", 0.45
        top = _Line(self.label, self.figure)
        self.line = Rule()
        self.line.colour = "card_line"
        self.left_text, self.right_text = Text(), Text()
        self.below = Row()
        self.below.spread = "between"
        for text in (self.left_text, self.right_text):
            text.style = "lead"
            self.below.add_widget(text)
        for part in (top, self.line, self.below):
            self.add_widget(part)
        self.line.show(False)
        self.below.show(False)

    def on_kv_post(self, base_widget: object) -> None:
        if self.children:
            self.label.say(self.key)

    def yen(self, amount: Yen) -> None:
        self.figure.yen(amount)

    def add_below(self) -> None:
        self.line.show(True)
        self.below.show(True)
