"""The gate (gate.py) for every screen in every language, and in every mode in Japanese and in Burmese, whose words are
long and whose letters are high; and the layout trees as they were."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from i18n.catalogue import languages
from screens import samples, tree
from screens.theme import look, tokens
from screens.theme.look import PanelTooSmallError
from tests.screens import gate, window

GOLDEN = Path(__file__).parent / "golden"
OTHER_NOTICES = frozenset(
    name
    for name in samples.names()
    if name.startswith("notice-") and name not in ("notice-C-101", "notice-N-304")
)
"""One screen with other words: gated like all, without a layout tree of their own."""
SCREENS = tuple(name for name in samples.names() if name not in OTHER_NOTICES)


class Mode(NamedTuple):
    """How a screen is shown; `name` is also the golden folder's."""

    name: str
    size: str = "S"
    is_low: bool = False
    is_across: bool = False


MODES = (
    Mode("M", "M"),
    Mode("L", "L"),
    Mode("XL", "XL"),
    Mode("low", is_low=True),
    Mode("across", is_across=True),
)
LANGUAGES_OF_MODES = tuple(language for language in ("ja", "my") if language in languages())
OURS = ("ja", "en")
EVERY = bool(os.environ.get("MADOGUCHI_EVERY"))
"""Every sample in every language and mode: minutes. Otherwise a language that we do not write ourselves, and a mode,
sees each screen once."""


def _once_each() -> tuple[str, ...]:
    """The first sample of each kind of screen."""
    first: dict[type, str] = {}
    for name in SCREENS:
        first.setdefault(type(samples.sample(name).body), name)
    return tuple(first.values())


ONCE = _once_each()
ALL = [
    (name, language)
    for language in languages()
    for name in (samples.names() if language in OURS or EVERY else ONCE)
]
ALL_MODES = [
    (mode, name, language)
    for mode in MODES
    for language in LANGUAGES_OF_MODES
    for name in (SCREENS if EVERY else ONCE)
]


def _has_tree(name: str, language: str) -> bool:
    return name in (SCREENS if language in OURS else ONCE)


def _same(folder: str, name: str, nodes: list[Any], is_update: bool) -> list[str]:
    """Text runs and boxes, not pixels. `pytest tests/screens --update-golden` writes them anew: look before you do."""
    found = tree.as_text(nodes)
    path = GOLDEN / folder / f"{name}.txt"
    if is_update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    return [] if before == found else [f"not as in {path.relative_to(GOLDEN)}"]


@pytest.mark.parametrize(("name", "language"), ALL)
def test_every_screen_in_every_language(name: str, language: str, update_golden: bool) -> None:
    app = window.show(name, language)
    nodes = tree.in_front(app.frame)
    assert len(nodes) > 5
    assert len([node for node in nodes if node.role in gate.PRESSABLE]) >= 5
    assert gate.places(nodes) + gate.targets(nodes) + gate.words(app.frame) == []
    assert gate.speech(app, language) == []
    if _has_tree(name, language):
        assert _same(language, name, nodes, update_golden) == []


@pytest.mark.parametrize(
    ("mode", "name", "language"), ALL_MODES, ids=lambda each: getattr(each, "name", each)
)
def test_every_screen_in_every_mode(mode: Mode, name: str, language: str, update_golden: bool) -> None:
    app = window.show(name, language, mode.size, is_low=mode.is_low, is_across=mode.is_across)
    try:
        nodes = tree.in_front(app.frame)
        assert gate.places(nodes) + gate.targets(nodes, mode.is_low) + gate.words(app.frame) == []
        if name in ONCE:
            assert _same(f"{language}+{mode.name}", name, nodes, update_golden) == []
    finally:
        window.lay(is_across=False)


@pytest.mark.parametrize("language", OURS)
@pytest.mark.parametrize("name", samples.staff_names())
def test_what_staff_see(name: str, language: str, update_golden: bool) -> None:
    """In the two languages of staff; a panel that lies across is tried, too."""
    shown = window.show(name, language)
    nodes = tree.in_front(shown.frame)
    assert gate.places(nodes) + gate.targets(nodes) + gate.words(shown.frame) == []
    assert gate.contrast(nodes, window.pixels()) == []
    assert _same(language, name, nodes, update_golden) == []
    if language != "ja":
        return
    app = window.show(name, language, is_across=True)
    try:
        nodes = tree.in_front(app.frame)
        assert gate.places(nodes) + gate.targets(nodes) + gate.words(app.frame) == []
    finally:
        window.lay(is_across=False)


@pytest.mark.parametrize("contrast", ["normal", "low", "black", "yellow"])
@pytest.mark.parametrize("name", SCREENS)
def test_contrast_from_the_pixels(name: str, contrast: str) -> None:
    app = window.show(name, contrast=contrast)
    nodes = tree.in_front(app.frame)
    assert gate.contrast(nodes, window.pixels()) == []


@pytest.mark.parametrize("contrast", ["low", "black", "yellow"])
@pytest.mark.parametrize("name", ["attract", "kinds", "pay", "confirm", "pin"])
def test_colours_never_move_anything(name: str, contrast: str) -> None:
    window.show("done")  # whatever page of a list another test was on
    white = tree.as_text(tree.in_front(window.show(name).frame))
    assert tree.as_text(tree.in_front(window.show(name, contrast=contrast).frame)) == white


@pytest.mark.parametrize("name", [name for name in SCREENS if not name.endswith("still-there")])
def test_the_main_action_lies_directly_above_the_bar(name: str) -> None:
    found = tree.in_front(window.show(name).frame)
    bar = next(node for node in found if node.role == "bar")
    for node in (node for node in found if node.role == "button" and node.key == "main"):
        assert 0 < (bar.rect.y - node.rect.y - node.rect.height) / look.mm < 10


@pytest.mark.parametrize("language", languages())
def test_the_bar_never_moves(language: str) -> None:
    words = {"back", "cancel", "language", "voice", "call"}
    places = set()
    for name in ("attract", "kinds", "pin", "pay", "trouble-held", "notice-C-101"):
        found = tree.in_front(window.show(name, language).frame)
        places.add(tuple(node.rect for node in found if node.role == "button" and node.key in words))
    assert len(places) == 1
    assert len(next(iter(places))) == 5


def test_capitals_are_high_enough_to_read_at_60_cm() -> None:
    assert gate.letters() == []


@pytest.mark.parametrize(
    ("size", "panel_mm", "distance_mm"),
    [
        ((1080, 1920), (194.2, 345.3), 430.0),  # 15.6"
        ((1080, 1920), (267.8, 476.1), 600.0),  # 21.5"
        ((2160, 3840), (335.7, 596.7), 740.0),  # 27", 4K
        ((1920, 1080), (476.1, 267.8), 600.0),  # 21.5" across
    ],
)
def test_the_sheet_fits_a_panel_by_its_millimetres(
    size: tuple[int, int], panel_mm: tuple[float, float], distance_mm: float
) -> None:
    fitted = type(look)()
    fitted.fit_panel(size, panel_mm, distance_mm)
    across, down = tokens.DESIGN_MM if size[0] < size[1] else tokens.DESIGN_MM[::-1]
    assert fitted.px(across) <= size[0] + 1
    assert fitted.px(down) <= size[1] + 1


@pytest.mark.parametrize(
    ("panel_mm", "distance_mm"), [((194.2, 345.3), 600.0), ((150.0, 266.0), 300.0), ((267.8, 476.1), 700.0)]
)
def test_a_panel_on_which_letters_would_be_too_small_is_refused(
    panel_mm: tuple[float, float], distance_mm: float
) -> None:
    with pytest.raises(PanelTooSmallError):
        type(look)().fit_panel((1080, 1920), panel_mm, distance_mm)


def test_every_golden_file_has_its_screen() -> None:
    wanted = {f"{each}/{name}.txt" for each in languages() for name in SCREENS if _has_tree(name, each)}
    wanted |= {
        f"{each}+{mode.name}/{name}.txt" for mode in MODES for each in LANGUAGES_OF_MODES for name in ONCE
    }
    assert {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*.txt")} == wanted


@pytest.mark.parametrize("language", languages())
def test_the_sheet_is_whole(language: str) -> None:
    for mode in (Mode("S"), *MODES):
        app = window.show("kinds", language, mode.size, is_low=mode.is_low, is_across=mode.is_across)
        try:
            app.open_languages()
            for page in ("languages", "display"):
                found = tree.in_front(app.frame)
                assert "sheet.close" in [node.key for node in found], (mode, page)
                faults = gate.places(found) + gate.targets(found, mode.is_low) + gate.words(app.frame.sheet)
                assert faults == [], (mode, page)
                app.frame.sheet._turn()
                app.frame.settle()
        finally:
            window.lay(is_across=False)


def test_chosen_is_seen_without_colour() -> None:
    """In black and white alone a chosen thing has another shape: dot, thicker line, other words."""
    app = window.show("options")
    found = {node.key: node for node in tree.in_front(app.frame)}
    picture = window.pixels().convert("L").point(lambda value: 255 if value > 150 else 0)
    for one, two in (("whom self", "whom household"), ("honseki no", "honseki yes")):
        side = look.px(10) + 2 * look.px(3)
        marks = []
        for key in (one, two):
            rect = found[key].rect
            inner = picture.crop((rect.x + 8, rect.y + 8, rect.x + rect.width - 8, rect.y + rect.height - 8))
            box = inner.point(lambda value: 255 - value).getbbox()
            assert box is not None
            marks.append(inner.crop((box[0], 0, box[0] + side, inner.height)).getcolors())
        assert marks[0] != marks[1]
