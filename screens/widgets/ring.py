"""A ring: how much of the wait is over; and the round mark of a task."""

from __future__ import annotations

import math
from typing import Any

from i18n import message as messages
from screens.theme import look, tokens
from screens.widgets.base import Element, Rect, Stack
from screens.widgets.picture import draw_icon
from screens.widgets.text import Text, words
from screens.widgets.vector import draw_arc, draw_disc

_AIR_ABOVE, _AIR_BELOW = 0.25, 0.15
"""Of a line's height."""


class Ring(Stack):
    """A circle `wide` mm across with content in its middle; `fill` 0..1 runs clockwise from the top."""

    role = "progress"
    thick = 19.0
    spread = "center"
    align = "center"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fill = 0.0

    def show_fill(self, fill: float) -> None:
        fill = round(min(1.0, max(0.0, fill)), 3)
        if fill != self.fill:
            self.fill = fill
            self.changed()

    def lines(self) -> list[str]:
        return [f"{self.fill:.2f}"]

    def is_cut(self) -> bool:
        """Words in it reach the ring."""
        x, y = self.rect.x + self.rect.width / 2, self.rect.y + self.rect.height / 2
        inside = min(self.rect.width, self.rect.height) / 2 - look.px(self.thick)
        rects = [part.ink_rect() for part in self.parts() if isinstance(part, Text) and part.rect.width]
        return any(
            math.hypot(max(abs(rect.x - x), abs(rect.x + rect.width - x)), _off(rect, y)) > inside
            for rect in rects
        )

    def height_for(self, width: int) -> int:
        return look.px(self.wide)

    def draw(self) -> None:
        side = min(self.rect.width, self.rect.height)
        radius = side / 2 - look.px(self.thick) / 2
        centre = (self.rect.x + self.rect.width / 2, look.height - self.rect.y - self.rect.height / 2)
        draw_arc(centre, radius, 1.0, look.px(self.thick), "grey")
        if self.fill > 0:
            draw_arc(centre, radius, self.fill, look.px(self.thick), "blue")


def _off(rect: Rect, y: float) -> float:
    """How far from this height the letters of a line reach, without the air of its leading."""
    return max(y - rect.y - rect.height * _AIR_ABOVE, rect.y + rect.height * (1 - _AIR_BELOW) - y)


class Mark(Element):
    """A round mark: `done` (tick on green), `here` (blue ring), `open` (thin ring), with a number or nothing in it."""

    role = "mark"
    state = "open"
    number = 0
    wide = high = 24.0

    def show_state(self, state: str, number: int | None = None) -> None:
        wanted = (state, self.number if number is None else number)
        if wanted != (self.state, self.number):
            self.state, self.number = wanted
            self.changed()

    def lines(self) -> list[str]:
        return [self.state]

    def draw(self) -> None:
        draw_mark(self.rect, self.state, self.number)


_RIMS = {
    "done": "green",
    "here": "blue",
    "open_dark": "rim",
    "full": "blue",
    "hole": "card",
    "ink": "ink",
    "coin": "ink",
}


def draw_mark(rect: Rect, state: str, number: int = 0) -> None:
    """Add a mark to the open canvas."""
    line = look.px(tokens.CHOSEN_LINE if state == "here" else tokens.LINE)
    _ellipse(rect, _RIMS.get(state, "card_line"))
    if state in ("full", "hole", "ink"):
        return
    if state == "done":
        inset = round(rect.width * 0.22)
        draw_icon("tick", rect.inset(inset, inset, inset, inset), "on_green")
        return
    _ellipse(rect.inset(line, line, line, line), "card")
    if number:
        text = words(messages.plain(str(number)), "dot_here", is_bold=True)
        block = text.block(rect.width)
        x, y = rect.x + (rect.width - block.width) // 2, rect.y + (rect.height - block.height) // 2
        text.draw(x, y, rect.width, "blue" if state == "here" else "quiet")


def _ellipse(rect: Rect, colour: str) -> None:
    draw_disc(rect.x, look.height - rect.y - rect.height, rect.width, colour)
