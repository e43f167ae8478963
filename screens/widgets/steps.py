"""今 3/6 with its dots: a tick = done, filled = now."""

from __future__ import annotations

from typing import Any

from i18n import message as messages
from screens.theme import look, tokens
from screens.widgets.base import Element, Rect
from screens.widgets.paint import draw_box
from screens.widgets.picture import draw_icon
from screens.widgets.text import words
from screens.widgets.vector import draw_disc

_DOT, _HERE = 15.0, 18.0


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
        label = words(look.words.message("step.now", now=self.now, total=self.total), "head", is_bold=True)
        block = label.block(self.rect.width)
        label.draw(self.rect.x, self.rect.y + (self.rect.height - block.height) // 2, self.rect.width, "blue")
        left = self.rect.x + block.width + look.px(tokens.GAP_4)
        right = self.rect.x + self.rect.width
        sizes = [look.px(_HERE if step == self.now else _DOT) for step in range(1, self.total + 1)]
        join = (right - left - sum(sizes)) / max(1, self.total - 1)
        x = float(left)
        for step, size in enumerate(sizes, 1):
            if step > 1:
                self._line(round(x - join), round(x), "blue" if step <= self.now else "card_line")
            self._dot(step, Rect(round(x), self.rect.y + (self.rect.height - size) // 2, size, size))
            x += size + join

    def _line(self, left: int, right: int, colour: str) -> None:
        thick = look.px(tokens.LINE)
        draw_box(
            f"flat:{colour}", Rect(left, self.rect.y + (self.rect.height - thick) // 2, right - left, thick)
        )

    def _dot(self, step: int, rect: Rect) -> None:
        line = look.px(tokens.LINE)
        is_done, is_here = step < self.now, step == self.now
        _disc(rect, "main" if is_here else "blue" if is_done else "card_line")
        if not is_here:
            _disc(rect.inset(line, line, line, line), "page")
        if is_done:
            inset = round(rect.width * 0.17)
            draw_icon("tick", rect.inset(inset, inset, inset, inset), "blue")
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
