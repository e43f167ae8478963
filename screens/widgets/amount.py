"""The panel that says how much: the amount large, what belongs to it below."""

from __future__ import annotations

from typing import Any

from kiosk.money import Yen
from screens.widgets.base import Row, Rule, Stack
from screens.widgets.text import Figure, Text


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
        top = Row()
        top.align = "baseline"
        top.add_widget(self.label)
        top.add_widget(self.figure)
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
