"""A head drawn from four numbers, as in a mirror: there is no picture of anybody in this process."""

from __future__ import annotations

from typing import Any, Final

from kiosk.view import HeadBox
from screens.theme import look
from screens.widgets.base import Element
from screens.widgets.path import Matrix, circle, ellipse, rect
from screens.widgets.vector import Shape, Spot, draw_shapes

_WIDE: Final = 640.0
_HIGH: Final = 480.0
_LEVELS: Final = 40
"""A head moves in so many steps across: what trembles less is not drawn anew."""
_FACE_TO_HEAD: Final = 0.72
"""Half the height of a head, in heights of the face that was found."""
_ROOM: Final = Shape(rect(0, 0, _WIDE, _HIGH, 24), fill="soft")
_PLACE: Final = Shape(ellipse(320, 240, 112, 150), stroke="card_line", width=5, dash=(16, 14))
_ARROW: Final = "M-42 -252h84v124h62L0 0l-104 -128h62z"
_ARROWS: Final[dict[str, Matrix]] = {"left": (0, 0.5, -0.5, 0, 40, 240), "right": (0, -0.5, 0.5, 0, 600, 240)}


def _head(at: Matrix, colour: str) -> tuple[Shape, ...]:
    return (
        Shape(ellipse(0, 0, 76, 100), fill="card", stroke=colour, width=6, matrix=at),
        Shape(circle(-28, -8, 7), fill=colour, matrix=at),
        Shape(circle(28, -8, 7), fill=colour, matrix=at),
        Shape("M-24 46q24 18 48 0", stroke=colour, width=6, matrix=at),
    )


class HeadPlace(Element):
    """Where to be, where one is, and which way to turn."""

    role = "picture"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._head: tuple[int, int, int] | None = None
        self._turn, self._is_good = "", False

    def show_head(self, head: HeadBox | None, turn: str, is_good: bool) -> None:
        """`turn`: `left`, `right`, `ahead` or nothing."""
        place = _steps(head) if head is not None else None
        if (place, turn, is_good) != (self._head, self._turn, self._is_good):
            self._head, self._turn, self._is_good = place, turn, is_good
            self.changed()

    def lines(self) -> list[str]:
        return [f"{'head' if self._head else 'nobody'} {self._turn}".strip()]

    def draw(self) -> None:
        scale = min(self.rect.width / _WIDE, self.rect.height / _HIGH)
        left = self.rect.x + (self.rect.width - _WIDE * scale) / 2
        top = look.height - self.rect.y - (self.rect.height - _HIGH * scale) / 2
        shapes: list[Shape] = [_ROOM, _PLACE]
        if self._head is not None:
            x, y, high = (each / _LEVELS for each in self._head)
            size = high * _HIGH * _FACE_TO_HEAD / 100
            shapes += _head((size, 0, 0, size, x * _WIDE, y * _HIGH), "green" if self._is_good else "ink")
        if self._turn in _ARROWS:
            shapes.append(Shape(_ARROW, fill="blue", matrix=_ARROWS[self._turn]))
        draw_shapes(shapes, Spot(left, top, scale), is_kept=False)


def _steps(head: HeadBox) -> tuple[int, int, int]:
    """Middle and height, kept inside the place."""
    x, y, high = (head.left + head.right) / 2, (head.top + head.bottom) / 2, head.bottom - head.top
    return _step(x), _step(y), _step(high)


def _step(part: float) -> int:
    return round(min(1.0, max(0.0, part)) * _LEVELS)
