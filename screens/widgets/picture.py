"""Drawings and icons as widgets."""

from __future__ import annotations

from typing import Any

from kivy.clock import Clock
from kivy.graphics import PopMatrix, PushMatrix, Translate

from screens.theme import look
from screens.widgets.base import Element, Rect
from screens.widgets.drawings import DRAWINGS, ICONS
from screens.widgets.remedies import REMEDIES
from screens.widgets.vector import Spot, draw_shapes

PICTURES = {**DRAWINGS, **{f"remedy.{step}": each for step, each in REMEDIES.items()}}
_STEP_MM = 6.0
_PATH = (0.0, 0.12, 0.35, 0.65, 0.88, 1.0, 1.0, 1.0, 0.88, 0.65, 0.35, 0.12, 0.0, 0.0, 0.0)
"""Where the arrow is along its 6 mm, one value a tick: out, rest, back, rest, once in about a second."""
_TICK_S = 0.07


class Icon(Element):
    """One of drawings.ICONS; `high` is its size, square."""

    role = ""
    icon = ""
    colour = "ink"
    high = 13.0

    def natural_width(self, limit: int) -> int:
        return min(limit, look.px(self.high))

    def use(self, icon: str, colour: str = "") -> None:
        """Become another icon."""
        if (icon, colour or self.colour) != (self.icon, self.colour):
            self.icon, self.colour = icon, colour or self.colour
            self.changed()

    def draw(self) -> None:
        draw_icon(self.icon, self.rect, self.colour)


def draw_icon(icon: str, rect: Rect, colour: str) -> None:
    """Add an icon to the open canvas, square, in the middle of the rect."""
    if not icon:
        return
    side = min(rect.width, rect.height)
    left = rect.x + (rect.width - side) / 2
    top = look.height - rect.y - (rect.height - side) / 2
    draw_shapes(ICONS[icon].shapes, Spot(left, top, side / 48), recolour=colour)


class Picture(Element):
    """One of PICTURES, as large as its place allows. `moves`: its arrow invites, gently."""

    role = "picture"
    drawing = ""
    moves = False
    has_arrow = True
    most = 0.0
    """Never higher than this, in mm; 0 = as its place."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._shift: Any = None
        self._way = (0.0, 0.0)
        self._tick = 0
        self._timer: Any = None

    def use(self, drawing: str, moves: bool = False, has_arrow: bool = True) -> None:
        """Become another drawing; without its arrow where there is nothing to do."""
        if (drawing, moves, has_arrow) != (self.drawing, self.moves, self.has_arrow):
            self.drawing, self.moves, self.has_arrow = drawing, moves, has_arrow
            self.changed()

    def natural_width(self, limit: int) -> int:
        drawing = PICTURES.get(self.drawing)
        if self.wide or drawing is None:
            return super().natural_width(limit)
        return min(limit, round(look.px(self.high) * drawing.width / drawing.height)) if self.high else limit

    def height_for(self, width: int) -> int:
        drawing = PICTURES.get(self.drawing)
        if self.high or drawing is None or self.grow:
            return look.px(self.high)
        natural = round(width * drawing.height / drawing.width)
        return min(natural, look.px(self.most)) if self.most else natural

    def draw(self) -> None:
        self.stop()
        if not self.drawing:
            return
        drawing = PICTURES[self.drawing]
        height = min(self.rect.height, look.px(self.most)) if self.most else self.rect.height
        scale = min(self.rect.width / drawing.width, height / drawing.height)
        left = self.rect.x + (self.rect.width - drawing.width * scale) / 2
        top = look.height - self.rect.y - (self.rect.height - drawing.height * scale) / 2
        spot = Spot(left, top, scale)
        draw_shapes(drawing.shapes, spot)
        self._shift = None
        if drawing.arrow and self.has_arrow:
            PushMatrix()
            self._shift = Translate(0, 0)
            draw_shapes(drawing.arrow, spot)
            PopMatrix()
        self._way = (drawing.way[0], -drawing.way[1])
        if self.moves and look.moves:
            self._timer = Clock.schedule_interval(self._move, _TICK_S)

    def hide(self) -> None:
        self.stop()
        super().hide()

    def dismantle(self) -> None:
        self.stop()
        super().dismantle()

    def stop(self) -> None:
        """No more motion."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _move(self, _dt: float) -> None:
        before = _PATH[self._tick]
        self._tick = (self._tick + 1) % len(_PATH)
        along = _PATH[self._tick]
        if along != before and self._shift is not None:
            reach = look.px(_STEP_MM) * along
            self._shift.xy = (round(self._way[0] * reach), round(self._way[1] * reach))
