"""While somebody helps, the resident reads so, in every language; and that nobody looks while a secret is typed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from i18n.catalogue import languages, load
from screens import samples, tree
from tests.screens import gate, window


@pytest.mark.parametrize("language", languages())
def test_every_text_of_help_that_a_resident_reads_is_in_each_language(language: str) -> None:
    keys = ("help.on", "help.away", "help.end", "toast.called", "toast.coming", "toast.phone")
    assert [key for key in keys if not load(language).has(key)] == []


@pytest.mark.parametrize(("name", "key"), [("kinds", "help.on"), ("pin", "help.away")])
def test_the_band_says_whether_they_look(name: str, key: str) -> None:
    found = window.show(name, "vi")
    view = samples.sample(name, "vi", rev=9)
    found.show(replace(view, is_helped=True, intents=(*view.intents, "EndHelp")))
    texts = {" ".join(node.text.split()) for node in tree.in_front(found.frame)}
    assert load("vi").text(key) in texts
    assert "help.end" in {node.key for node in tree.in_front(found.frame)}


@pytest.mark.parametrize("language", ["ja", "my"])
def test_the_way_to_end_help_is_within_low_reach(language: str) -> None:
    for name in ("pin", "kinds", "pay-exact"):
        found = window.show(name, language, is_low=True)
        view = samples.sample(name, language, is_low=True, rev=9)
        helped = replace(view, is_helped=True, is_helper_here=True, intents=(*view.intents, "EndHelp"))
        found.show(helped)
        nodes = tree.in_front(found.frame)
        assert "help.end" in {node.key for node in nodes}
        assert gate.places(nodes) + gate.targets(nodes, is_low=True) + gate.words(found.frame) == [], name
        found.open_languages()
        found.settle()
        sheet = tree.in_front(found.frame)
        assert gate.places(sheet) + gate.targets(sheet, is_low=True) == [], f"{name}: the sheet of languages"
        assert "help.end" not in {node.key for node in sheet}
        found.frame.clear(found.frame.sheet)
        found.settle()
        assert "help.end" in {node.key for node in tree.in_front(found.frame)}
        found.show(replace(view, rev=10))
        assert "help.end" not in {node.key for node in tree.in_front(found.frame)}


def test_what_a_helper_reads_on_the_glass_breaks_between_phrases() -> None:
    """One phrase that is wider than its line makes the letters of the whole screen smaller."""
    japanese = load("ja")
    for key in sorted(key for key in japanese.keys if key.startswith("assist.") and key.endswith(".say")):
        for paragraph in japanese.message(key).paragraphs:
            longest = max(len("".join(run.text for run in phrase)) for phrase in paragraph)
            assert longest <= 14, key
