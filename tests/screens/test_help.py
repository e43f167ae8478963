"""While somebody helps, the resident reads so, in every language; and that nobody looks while a secret is typed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from i18n.catalogue import languages, load
from screens import samples, tree
from tests.screens import window


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
