"""Each step of a remedy is drawn: there, inside its frame, and on the page."""

from __future__ import annotations

import pytest

from kiosk.engine import remedies
from screens import tree
from screens.widgets.path import flatten
from screens.widgets.remedies import REMEDIES
from tests.screens import window

STEPS = {*remedies.LAST, *(step for steps in remedies.STEPS.values() for step in steps)}


def test_there_is_a_picture_for_each_step_and_for_nothing_else() -> None:
    assert set(REMEDIES) == STEPS == set(remedies.HANDS_S)


@pytest.mark.parametrize("step", sorted(REMEDIES))
def test_nothing_is_drawn_outside_the_frame(step: str) -> None:
    drawing = REMEDIES[step]
    for shape in (*drawing.shapes, *drawing.arrow):
        a, b, c, d, e, f = shape.matrix
        for line in flatten(shape.path):
            for x, y in line.points:
                assert 0 <= a * x + c * y + e <= drawing.width, shape.path
                assert 0 <= b * x + d * y + f <= drawing.height, shape.path


def test_the_page_shows_it_above_its_words() -> None:
    found = window.show("staff-steps", "ja")
    nodes = tree.in_front(found.frame)
    picture = next(node for node in nodes if node.role == "picture")
    words = next(node for node in nodes if "まっすぐ" in node.text)
    assert picture.rect.height > 300 and picture.rect.y < words.rect.y
