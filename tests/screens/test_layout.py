"""The gate (gate.py) for every screen in every language, and in every mode in Japanese and in Burmese, whose words are
long and whose letters are high; and the layout trees as they were. A language that we do not write ourselves, and a
mode, sees each screen once; campaign_screens.py has every combination."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from i18n.catalogue import languages
from screens import exhibit, samples, tree
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


def _once_each() -> tuple[str, ...]:
    """The first sample of each kind of screen."""
    first: dict[type, str] = {}
    for name in SCREENS:
        first.setdefault(type(samples.sample(name).body), name)
    return tuple(first.values())


ONCE = _once_each()
_AT_ONCE = 30
"""So many screens in one test: a test is shorter than its time limit on a slow machine, and names what is wrong."""


def _by_language() -> list[tuple[str, tuple[str, ...]]]:
    """Each screen is drawn once; everything that can be asked of it is asked of that one picture."""
    found = []
    for language in languages():
        names = samples.names() if language in OURS else ONCE
        found += [(language, names[at : at + _AT_ONCE]) for at in range(0, len(names), _AT_ONCE)]
    return found


ALL = _by_language()
ALL_MODES = [
    (mode, language, ONCE[at : at + _AT_ONCE])
    for mode in MODES
    for language in LANGUAGES_OF_MODES
    for at in range(0, len(ONCE), _AT_ONCE)
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


def _id(each: Any) -> str:
    return each if isinstance(each, str) else getattr(each, "name", "") or str(each[0])


BAR = {"back", "cancel", "language", "voice", "call"}


def _bar(nodes: list[Any]) -> tuple[Any, ...]:
    return tuple(node.rect for node in nodes if node.role == "button" and node.key in BAR)


def _main_action(nodes: list[Any]) -> list[str]:
    """The main action lies directly above the bar."""
    bar = next(node for node in nodes if node.role == "bar")
    gaps = [(bar.rect.y - node.rect.y - node.rect.height) / look.mm for node in nodes if node.key == "main"]
    return [f"main action {gap:.1f} mm above the bar" for gap in gaps if not 0 < gap < 10]


@pytest.mark.parametrize(("language", "names"), ALL, ids=_id)
def test_every_screen_in_every_language(language: str, names: tuple[str, ...], update_golden: bool) -> None:
    """Places, targets, words, tree, bar; in Japanese also the contrast from the pixels, in colour and in grey."""
    faults: dict[str, list[str]] = {}
    bars = set()
    with nullcontext() if language == "ja" else window.undrawn():
        for name in names:
            app = window.show(name, language)
            nodes = tree.in_front(app.frame)
            found = gate.places(nodes) + gate.targets(nodes) + gate.words(app.frame)
            found += gate.speech(app, language)
            if len([node for node in nodes if node.role in gate.PRESSABLE]) < 5:
                found.append("nothing to press")
            if not name.endswith("still-there"):
                found += _main_action(nodes)
            bars.add(_bar(nodes))
            if language == "ja":
                found += _pixels(app, nodes)
            if _has_tree(name, language):
                found += _same(language, name, nodes, update_golden)
            if found:
                faults[name] = found
    assert faults == {}
    assert len(bars) == 1 and len(next(iter(bars))) == 5, "the bar never moves"


def _pixels(app: Any, nodes: list[Any]) -> list[str]:
    picture = window.pixels()
    grey = picture.convert("L").convert("RGB")
    found = gate.contrast(nodes, picture) + gate.known_colours(nodes, picture)
    return found + gate.contrast(nodes, grey) + gate.chosen_without_colour(app.frame, picture)


@pytest.mark.parametrize(("mode", "language", "names"), ALL_MODES, ids=_id)
def test_every_screen_in_every_mode(
    mode: Mode, language: str, names: tuple[str, ...], update_golden: bool
) -> None:
    faults: dict[str, list[str]] = {}
    try:
        with window.undrawn():
            for name in names:
                app = window.show(name, language, mode.size, is_low=mode.is_low, is_across=mode.is_across)
                nodes = tree.in_front(app.frame)
                found = gate.places(nodes) + gate.targets(nodes, mode.is_low) + gate.words(app.frame)
                found += _same(f"{language}+{mode.name}", name, nodes, update_golden)
                if found:
                    faults[name] = found
    finally:
        window.lay(is_across=False)
    assert faults == {}


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


@pytest.mark.parametrize("contrast", ["low", "black", "yellow"])
def test_contrast_from_the_pixels_in_other_palettes(contrast: str) -> None:
    """Each kind of screen. That every pair of colours on any screen is one of PAIRS is seen in Japanese (above), that
    each of PAIRS is 7:1 in every palette in test_letters."""
    faults = {}
    for name in ONCE:
        nodes = tree.in_front(window.show(name, contrast=contrast).frame)
        if found := gate.contrast(nodes, window.pixels()):
            faults[name] = found
    assert faults == {}


@pytest.mark.parametrize("contrast", ["low", "black", "yellow"])
@pytest.mark.parametrize("name", ["attract", "kinds", "pay", "confirm", "pin"])
def test_colours_never_move_anything(name: str, contrast: str) -> None:
    window.show("done")  # whatever page of a list another test was on
    white = tree.as_text(tree.in_front(window.show(name).frame))
    assert tree.as_text(tree.in_front(window.show(name, contrast=contrast).frame)) == white


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
    wanted |= {f"{each}/{name}.txt" for each in OURS for name in samples.staff_names()}
    assert {str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*.txt")} == wanted


@pytest.mark.parametrize("language", languages())
def test_the_help_page_and_the_short_messages_are_whole(language: str) -> None:
    """Every page of every certificate's fields, at the least and the largest size."""
    faults = {}
    app = window.show("kinds", language)
    with window.undrawn():
        for size in ("S", "XL"):
            for name in exhibit.overlays():
                for picture in exhibit.pose(app, name, exhibit.Manner(language, size)):
                    root, nodes = exhibit.in_front(app)
                    if found := gate.places(nodes) + gate.targets(nodes) + gate.words(root):
                        faults[size, picture] = found
    assert faults == {}


@pytest.mark.parametrize("language", languages())
def test_the_sheet_is_whole(language: str) -> None:
    for mode in (Mode("S"), *(each for each in MODES if each.name not in ("M", "L"))):
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
