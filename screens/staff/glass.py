"""Tests that only the glass can judge: does each part of it feel a finger (dead zones), and where does it feel it.

The test lies over everything, the bar too, and takes every touch until it is over: all was felt, or nothing new was for
half a minute. Where fingers are felt beside the crosses, a correction is tried at once; it is kept when the ring that
comes then is found with it within a quarter of a minute, and else all is as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics import Color, Line, Rectangle
from kivy.uix.widget import Widget

from kiosk.view import is_near
from screens.touch import TOUCH, Point, after, fitted, for_view

CELL_MM = 20.0
"""A finger's width: what is dead is larger, or nobody notices it."""
SILENT_S = 30.0
OFF_MOST_MM = 4.0
"""Further from its cross than this, and keys are missed."""
CONFIRM_S = 15.0
"""So long the ring is there that keeps a new correction."""
RING = (0.3, 0.3)
TARGETS = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.5), (0.1, 0.9), (0.9, 0.9))


class GlassTest:
    """`begin` shows it; `judged(test, has_passed, correction)` is called once, at its end (correction: empty, or as in
    SessionView.touch)."""

    def __init__(self, judged: Callable[[str, bool, tuple[int, ...]], None]) -> None:
        self._judged = judged
        self._sheet: _Sheet | None = None
        self._test = ""
        self._silence: Any = None

    def begin(self, test: str, look: Any) -> None:
        if self._sheet is not None:
            return
        self._test = test
        self._sheet = _Sheet(look, is_targets=test == "calibration", moved=self._felt)
        Window.add_widget(self._sheet)
        self._silence = Clock.schedule_once(lambda _dt: self._over(False), SILENT_S)

    def _felt(self, is_done: bool, is_well: bool) -> None:
        sheet = self._sheet
        if is_done:
            self._over(is_well)
        elif self._silence is not None and sheet is not None:
            self._silence.cancel()
            wait_s = CONFIRM_S if sheet.is_confirming else SILENT_S
            self._silence = Clock.schedule_once(lambda _dt: self._over(False), wait_s)

    def _over(self, has_passed: bool) -> None:
        sheet = self._sheet
        if sheet is not None:
            kept = for_view(TOUCH.matrix) if has_passed and sheet.is_confirming else ()
            self.end()
            self._judged(self._test, has_passed, kept)

    def end(self) -> None:
        """Take it away; nothing is judged."""
        if self._silence is not None:
            self._silence.cancel()
        sheet, self._sheet, self._silence = self._sheet, None, None
        TOUCH.try_out(None)
        if sheet is not None:
            Window.remove_widget(sheet)


class _Sheet(Widget):
    """White; what was felt turns green. Coordinates are Kivy's, from the lower left."""

    def __init__(self, look: Any, *, is_targets: bool, moved: Callable[[bool, bool], None]) -> None:
        super().__init__(size=(look.width, look.height), pos=(0, 0))
        self._look, self._is_targets, self._moved = look, is_targets, moved
        self._columns = max(1, round(look.width / look.px(CELL_MM)))
        self._lines = max(1, round(look.height / look.px(CELL_MM)))
        self._left = {(x, y) for x in range(self._columns) for y in range(self._lines)}
        self._target, self._worst = 0, 0.0
        self._felt: list[Point] = []
        self.is_confirming = False
        self._draw()

    def _draw(self) -> None:
        look = self._look
        self.canvas.clear()
        with self.canvas:
            Color(1, 1, 1, 1)
            Rectangle(pos=(0, 0), size=self.size)
            if self._is_targets:
                self._draw_target()
                return
            wide, high = look.width / self._columns, look.height / self._lines
            for x in range(self._columns):
                for y in range(self._lines):
                    self._colour((x, y) in self._left)
                    Rectangle(pos=(x * wide + 1, y * high + 1), size=(wide - 2, high - 2))

    def _colour(self, is_left: bool) -> None:
        Color(*((0.86, 0.88, 0.91, 1) if is_left else (0.16, 0.55, 0.32, 1)))

    def _draw_target(self) -> None:
        look = self._look
        place = RING if self.is_confirming else TARGETS[self._target]
        x, y = place[0] * look.width, place[1] * look.height
        arm = look.px(10.0)
        if self.is_confirming:
            Color(0.0, 0.09, 0.76, 1)
            Line(circle=(x, y, arm), width=4)
            return
        Color(0, 0, 0, 1)
        Line(points=(x - arm, y, x + arm, y), width=2)
        Line(points=(x, y - arm, x, y + arm), width=2)

    def on_touch_down(self, touch: Any) -> bool:
        if self._is_targets:
            self._hit(touch.x, touch.y)
        else:
            self._wipe(touch.x, touch.y)
        return True

    def on_touch_move(self, touch: Any) -> bool:
        if not self._is_targets:
            self._wipe(touch.x, touch.y)
        return True

    def on_touch_up(self, touch: Any) -> bool:
        return True

    def _wipe(self, x: float, y: float) -> None:
        cell = (
            min(self._columns - 1, max(0, int(x * self._columns / self._look.width))),
            min(self._lines - 1, max(0, int(y * self._lines / self._look.height))),
        )
        if cell in self._left:
            self._left.discard(cell)
            self._draw()
            self._moved(not self._left, True)

    def _hit(self, x: float, y: float) -> None:
        look = self._look
        place = RING if self.is_confirming else TARGETS[self._target]
        off = ((x - place[0] * look.width) ** 2 + (y - place[1] * look.height) ** 2) ** 0.5 / look.px(1.0)
        if self.is_confirming:
            self._moved(True, off <= OFF_MOST_MM)
            return
        self._worst = max(self._worst, off)
        self._felt.append((x / look.width, y / look.height))
        self._target += 1
        if self._target < len(TARGETS):
            self._draw()
            self._moved(False, True)
        elif self._worst <= OFF_MOST_MM:
            self._moved(True, True)
        else:
            self._correct()

    def _correct(self) -> None:
        """Try what would bring every finger to its cross, and ask for one more."""
        found = fitted(self._felt, TARGETS)
        if found is None or not is_near(for_view(after(found, TOUCH.matrix))):
            self._moved(True, False)
            return
        TOUCH.try_out(after(found, TOUCH.matrix))
        self.is_confirming = True
        self._draw()
        self._moved(False, True)
