"""今 3/6 with its dots: a tick = done, filled = now."""

from __future__ import annotations

from typing import Any

from i18n import message as messages
from screens.theme import look, tokens
from screens.widgets.base import Element, Rect
from screens.widgets.paint import draw_box
from screens.widgets.picture import draw_icon
from screens.widgets.text import Words, words
from screens.widgets.vector import draw_disc

_DOT, _HERE = 15.0, 18.0
_BETWEEN_LEAST = 2.5
"""Dots never touch."""
_SMALLEST = 0.4
"""Below this share of their size they are no help; the words say it all."""


class StepBar(Element):
    role = "steps"
    high = tokens.STEPS_HEIGHT

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.now, self.total = 0, 0

    def show_step(self, now: int, total: int) -> None:
        """0 of 0: nothing is shown, the room stays."""
        if (now, total) != (self.now, self.total):
            self.now, self.total = now, total
            self.changed()

    def lines(self) -> list[str]:
        return [look.words.text("step.now", now=self.now, total=self.total)] if self.total else []

    def height_for(self, width: int) -> int:
        return look.px(self.high)

    def draw(self) -> None:
        if not self.total:
            return
        label = self._label()
        block = label.block(self.rect.width)
        label.draw(self.rect.x, self.rect.y + (self.rect.height - block.height) // 2, self.rect.width, "blue")
        left = self.rect.x + block.width + look.px(tokens.GAP_4)
        self._draw_dots(left, self.rect.x + self.rect.width - left)

    def _label(self) -> Words:
        """Beside a long word in large letters the dots would have no room."""
        message = look.words.message("step.now", now=self.now, total=self.total)
        label = words(message, "head", is_bold=True)
        free = self.rect.width - label.natural() - look.px(tokens.GAP_4)
        return label if self._share(free) == 1.0 else words(message, "body", is_bold=True)

    def _share(self, wide: int) -> float:
        """Of their full size, so that they do not touch."""
        needed = look.px(_DOT) * (self.total - 1) + look.px(_HERE)
        return max(0.0, min(1.0, (wide - look.px(_BETWEEN_LEAST) * (self.total - 1)) / needed))

    def _draw_dots(self, left: int, wide: int) -> None:
        share = self._share(wide)
        if share < _SMALLEST:
            return
        sizes = [
            round(look.px(_HERE if step == self.now else _DOT) * share) for step in range(1, self.total + 1)
        ]
        join = (wide - sum(sizes)) / max(1, self.total - 1)
        x = float(left)
        for step, size in enumerate(sizes, 1):
            if step > 1:
                self._line(round(x - join), round(x), "blue" if step <= self.now else "card_line")
            rect = Rect(round(x), self.rect.y + (self.rect.height - size) // 2, size, size)
            self._dot(step, rect, has_number=share == 1.0)
            x += size + join

    def _line(self, left: int, right: int, colour: str) -> None:
        thick = look.px(tokens.LINE)
        draw_box(
            f"flat:{colour}", Rect(left, self.rect.y + (self.rect.height - thick) // 2, right - left, thick)
        )

    def _dot(self, step: int, rect: Rect, *, has_number: bool) -> None:
        line = look.px(tokens.LINE)
        is_done, is_here = step < self.now, step == self.now
        _disc(rect, "main" if is_here else "blue" if is_done else "card_line")
        if not is_here:
            _disc(rect.inset(line, line, line, line), "page")
        if is_done:
            inset = round(rect.width * 0.17)
            draw_icon("tick", rect.inset(inset, inset, inset, inset), "blue")
            return
        if not has_number:  # it would be smaller than any letter may be
            return
        number = words(messages.plain(str(step)), "dot_here" if is_here else "dot", is_bold=True)
        block = number.block(rect.width)
        number.draw(
            rect.x + (rect.width - block.width) // 2,
            rect.y + (rect.height - block.height) // 2,
            rect.width,
            "main_ink" if is_here else "quiet",
        )


def _disc(rect: Rect, colour: str) -> None:
    draw_disc(rect.x, look.height - rect.y - rect.height, rect.width, colour)
