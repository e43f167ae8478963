"""A two-dimensional code on the screen, black on white in any contrast. The one module that knows qrcode."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import qrcode
from kivy.graphics import Color, Rectangle

from screens.theme import look
from screens.widgets.base import Element

QUIET = 4
"""Modules of white around it (ISO/IEC 18004)."""


@lru_cache(maxsize=2)
def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """Rows of modules, True = dark, without the quiet zone. Level M: a phone reads it through a scratched glass."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    code.add_data(text.encode())
    code.make(fit=True)
    return tuple(tuple(bool(each) for each in row) for row in code.get_matrix())


class CodePicture(Element):
    """Square, as large as its place; each module a whole number of pixels, so that no edge is grey."""

    role = "picture"
    most = 130.0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._text = ""

    def write(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.changed()

    def height_for(self, width: int) -> int:
        return min(width, look.px(self.high or self.most))

    def draw(self) -> None:
        if not self._text:
            return
        rows = modules(self._text)
        count = len(rows) + 2 * QUIET
        unit = max(1, min(self.rect.width, self.rect.height) // count)
        side = unit * count
        left = self.rect.x + (self.rect.width - side) // 2
        top = look.height - self.rect.y - (self.rect.height - side) // 2
        Color(1, 1, 1, 1)
        Rectangle(pos=(left, top - side), size=(side, side))
        Color(0, 0, 0, 1)
        for number, row in enumerate(rows):
            for first, length in _runs(row):
                x = left + (QUIET + first) * unit
                y = top - (QUIET + number + 1) * unit
                Rectangle(pos=(x, y), size=(length * unit, unit))


def _runs(row: tuple[bool, ...]) -> list[tuple[int, int]]:
    """(first, length) of each run of dark modules."""
    found: list[tuple[int, int]] = []
    for at, is_dark in enumerate(row):
        if is_dark and found and sum(found[-1]) == at:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif is_dark:
            found.append((at, 1))
    return found
