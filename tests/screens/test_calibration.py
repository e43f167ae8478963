"""A panel that feels beside the finger is put right by five crosses and a ring; without the ring it stays as it was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.view import is_near
from screens import touch
from screens.staff.glass import RING, TARGETS, GlassTest
from screens.theme import look
from screens.touch import IDENTITY, TOUCH, Matrix, Point
from tests.screens import window

ASKEW: Matrix = (0.93, 0.02, 0.03, -0.01, 1.04, -0.02)
"""What this panel says of where a finger is."""
SMALL = st.floats(-0.1, 0.1)
NEAR_ONE = st.floats(0.85, 1.2)


class Panel:
    """Fingers on glass: what the panel tells passes the correction, as in Kivy's loop, and meets the test's sheet."""

    def __init__(self) -> None:
        window.app()
        self.judged: list[tuple[str, bool, tuple[int, ...]]] = []
        self.glass = GlassTest(lambda *found: self.judged.append(found))
        self.glass.begin("calibration", look)

    def press(self, place: Point) -> None:
        sx, sy = touch.apply(ASKEW, place)
        finger: Any = SimpleNamespace(sx=sx, sy=sy, ud={})
        TOUCH.process([("begin", finger)])
        finger.x, finger.y = finger.sx * look.width, finger.sy * look.height
        sheet = self.glass._sheet
        assert sheet is not None
        sheet.on_touch_down(finger)


@pytest.fixture
def panel() -> Any:
    found = Panel()
    yield found
    found.glass.end()
    TOUCH.keep(IDENTITY)


def test_it_is_kept_when_the_ring_is_found(panel: Panel) -> None:
    for place in TARGETS:
        panel.press(place)
    assert panel.judged == [] and TOUCH.matrix != IDENTITY, "tried at once"
    panel.press(RING)
    ((test, has_passed, found),) = panel.judged
    assert (test, has_passed) == ("calibration", True) and is_near(found)
    for place in ((0.2, 0.8), (0.7, 0.1)):
        x, y = touch.apply(touch.of_view(found), touch.apply(ASKEW, place))
        assert abs(x - place[0]) < 1e-3 and abs(y - place[1]) < 1e-3
    assert TOUCH.matrix == IDENTITY, "until the core says that it holds"


def test_without_the_ring_all_is_as_it_was(panel: Panel) -> None:
    for place in TARGETS:
        panel.press(place)
    panel.glass._over(False)  # what the clock does after a quarter of a minute
    assert panel.judged == [("calibration", False, ())] and TOUCH.matrix == IDENTITY


def test_a_ring_that_is_missed_changes_nothing(panel: Panel) -> None:
    for place in (*TARGETS, (0.9, 0.9)):
        panel.press(place)
    assert panel.judged == [("calibration", False, ())] and TOUCH.matrix == IDENTITY


def test_a_finger_is_corrected_once() -> None:
    """Kivy hands the same touch on when it moves and when it ends, changed or not."""
    finger: Any = SimpleNamespace(sx=0.5, sy=0.5, ud={})
    correction = touch.Correction()
    correction.keep((1.0, 0.0, 0.1, 0.0, 1.0, 0.0))
    for kind in ("begin", "end"):
        correction.process([(kind, finger)])
    assert finger.sx == pytest.approx(0.6)
    finger.sx, finger.sy = 0.2, 0.3
    correction.process([("update", finger)])
    assert finger.sx == pytest.approx(0.3)


@given(a=NEAR_ONE, b=SMALL, c=SMALL, d=SMALL, e=NEAR_ONE, f=SMALL)
def test_what_was_bent_is_straightened(a: float, b: float, c: float, d: float, e: float, f: float) -> None:
    bent: Matrix = (a, b, c, d, e, f)
    found = touch.fitted([touch.apply(bent, each) for each in TARGETS], TARGETS)
    assert found is not None
    assert touch.after(found, bent) == pytest.approx(IDENTITY, abs=1e-6)


def test_points_on_one_line_say_nothing() -> None:
    assert touch.fitted([(x, x) for x in (0.1, 0.3, 0.5)], [(x, x) for x in (0.1, 0.3, 0.5)]) is None
