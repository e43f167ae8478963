"""The gate for every screen in every language: nothing clipped or overlapping, targets and letters large enough."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from i18n.catalogue import languages
from i18n.message import Message
from screens import samples, tree
from screens.theme import look, tokens
from screens.widgets.base import Rect
from screens.widgets.button import PushButton
from screens.widgets.text import Figure, Text
from tests.screens import window

GOLDEN = Path(__file__).parent / "golden"
ALL = [(name, language) for name in samples.names() for language in languages()]
PRESSABLE = {"button", "radio"}


def _nodes(name: str, language: str, text_size: str = "S") -> list[Any]:
    app = window.show(name, language, text_size)
    return tree.in_front(app.frame)


def _mm(px: float) -> float:
    return px / look.mm


def _inside(inner: Any, outer: Any) -> bool:
    return (
        inner.x >= outer.x
        and inner.y >= outer.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def _overlap(one: Any, two: Any) -> bool:
    return (
        one.x < two.x + two.width
        and two.x < one.x + one.width
        and one.y < two.y + two.height
        and two.y < one.y + one.height
    )


def _faults(found: list[Any]) -> list[str]:
    """Everything wrong with the places of these nodes."""
    window_rect = Rect(0, 0, *window.SIZE)
    faults = [f"outside the window: {node}" for node in found if not _inside(node.rect, window_rect)]
    stack: list[Any] = []
    for node in found:
        while stack and stack[-1].depth >= node.depth:
            stack.pop()
        if stack and stack[-1].role not in ("window", "dialog") and not _inside(node.rect, stack[-1].rect):
            faults.append(f"sticks out of {stack[-1].role} {stack[-1].key}: {node}")
        stack.append(node)
    solid = [
        node for node in found if node.role in PRESSABLE or node.role in ("text", "heading", "money", "mark")
    ]
    for one, two in combinations(solid, 2):
        if _overlap(one.rect, two.rect):
            faults.append(f"overlap: {one} and {two}")
    return faults


@pytest.mark.parametrize(("name", "language"), ALL)
@pytest.mark.parametrize("text_size", tokens.SIZE_FACTOR)
def test_nothing_is_clipped_or_overlaps(name: str, language: str, text_size: str) -> None:
    found = _nodes(name, language, text_size)
    assert len(found) > 5
    assert _faults(found) == []


@pytest.mark.parametrize(("name", "language"), ALL)
def test_words_fit_their_buttons(name: str, language: str) -> None:
    app = window.show(name, language)
    for button in (each for each in app.frame.walk(restrict=True) if hasattr(each, "can_press")):
        if button.rect.width and not button.message.is_empty:
            block = button.words.block(button._room(button.rect.width))
            assert block.width <= button._room(button.rect.width), button.key
            assert block.height <= button.rect.height + look.px(0.5), button.key


@pytest.mark.parametrize(("name", "language"), ALL)
def test_targets_are_large_and_apart(name: str, language: str) -> None:
    targets = [node for node in _nodes(name, language) if node.role in PRESSABLE]
    assert len(targets) >= 5
    for node in targets:
        assert _mm(node.rect.width) >= tokens.TARGET_LEAST[0]
        assert _mm(node.rect.height) >= tokens.TARGET_LEAST[1]
        if node.key == "main":
            assert _mm(node.rect.height) >= tokens.MAIN_LEAST
    for one, two in combinations(targets, 2):
        gap_x = max(one.rect.x, two.rect.x) - min(one.rect.x + one.rect.width, two.rect.x + two.rect.width)
        gap_y = max(one.rect.y, two.rect.y) - min(one.rect.y + one.rect.height, two.rect.y + two.rect.height)
        assert _mm(max(gap_x, gap_y)) >= tokens.TARGET_GAP_LEAST, (one, two)


@pytest.mark.parametrize("name", [name for name in samples.names() if not name.endswith("still-there")])
def test_the_main_action_lies_directly_above_the_bar(name: str) -> None:
    found = _nodes(name, "ja")
    bar = next(node for node in found if node.role == "bar")
    mains = [node for node in found if node.role == "button" and node.key == "main"]
    for node in mains:
        gap = bar.rect.y - (node.rect.y + node.rect.height)
        assert 0 < _mm(gap) < 10


@pytest.mark.parametrize("language", languages())
def test_the_bar_never_moves(language: str) -> None:
    places = set()
    for name in samples.names():
        found = _nodes(name, language)
        words = {"back", "cancel", "language", "voice", "call"}
        places.add(tuple(node.rect for node in found if node.role == "button" and node.key in words))
    assert len(places) == 1
    assert len(next(iter(places))) == 5


def test_capitals_are_high_enough_to_read_at_60_cm() -> None:
    for style, text in tokens.TEXT.items():
        assert text.em_mm * tokens.CAPITAL_PER_EM >= tokens.CAPITAL_LEAST, style


@pytest.mark.parametrize(("name", "language"), ALL)
def test_layout_is_as_it_was(name: str, language: str, update_golden: bool) -> None:
    """Text runs and boxes, not pixels. `pytest tests/screens --update-golden` writes them anew: look before you do."""
    nodes = _nodes(name, language)
    found = tree.as_text(nodes)
    path = GOLDEN / f"{name}.{language}.txt"
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_every_golden_file_has_its_screen() -> None:
    assert {path.name for path in GOLDEN.glob("*.txt")} == {
        f"{name}.{language}.txt" for name, language in ALL
    }


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("text_size", tokens.SIZE_FACTOR)
def test_the_sheet_is_whole(language: str, text_size: str) -> None:
    app = window.show("kinds", language, text_size)
    window.tap(window.find(app, "language"))
    found = tree.in_front(app.frame)
    assert "sheet.close" in [node.key for node in found]
    assert _faults(found) == []


@pytest.mark.parametrize("name", ["attract", "kinds", "pay", "confirm", "pin"])
def test_black_has_the_same_places_as_white(name: str) -> None:
    """Colours never move anything."""
    window.show("done")  # whatever page of a list another test was on
    white = tree.as_text(tree.in_front(window.show(name).frame))
    assert tree.as_text(tree.in_front(window.show(name, contrast="black").frame)) == white


def _split_phrases(app: Any) -> list[str]:
    """Texts in which a line ends inside a phrase."""
    found = []
    for element in app.frame.walk(restrict=True):
        if not getattr(element, "rect", None) or not element.rect.width or isinstance(element, Figure):
            continue
        if isinstance(element, PushButton):
            width = element._room(element.rect.width)
        elif isinstance(element, Text):
            width = element.rect.width
        else:
            continue
        message = element.message
        if message.is_empty:
            continue
        wanted = {
            "".join(run.text for phrase in paragraph[:at] for run in phrase).replace(" ", "")
            for paragraph in message.paragraphs
            for at in range(1, len(paragraph) + 1)
        }
        for paragraph in message.paragraphs:
            so_far = ""
            for line in element.words._replace(message=Message((paragraph,))).block(width).lines:
                so_far += "".join(run.text for run in line.runs).replace(" ", "")
                if so_far not in wanted:
                    found.append(f"{element.key}: {so_far}|")
    return found


@pytest.mark.parametrize(("name", "language"), ALL)
@pytest.mark.parametrize("text_size", tokens.SIZE_FACTOR)
def test_lines_break_only_between_phrases(name: str, language: str, text_size: str) -> None:
    assert _split_phrases(window.show(name, language, text_size)) == []
