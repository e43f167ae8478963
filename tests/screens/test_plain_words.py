"""やさしい日本語 is plain by numbers; and in a language that nobody speaks nothing is shown that no catalogue has."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from i18n import pseudo
from i18n.catalogue import load
from i18n.message import RUBY
from kiosk import plain
from screens import samples, tree
from screens.theme import look
from tests.screens import window

EASY = "ja-simple"
KANJI_MOST = 13
"""In a sentence (弘前大学, やさしい日本語, category II)."""
LETTERS_MOST = 45
_KANJI = re.compile(r"[\u3005\u4e00-\u9fff]")
_DOUBLE_NO = re.compile(
    r"ない(こと|わけ)[はも]?(ない|ありません)|なくは(ない|ありません)|ざるを|ないで(は|も)[^。]*ません"
)
_OFFICIAL = re.compile(r"^kind\.|^option\.zokugara$|^date\.")
"""Names of documents are kept as the law writes them."""


def _sentences() -> Iterator[tuple[str, str]]:
    words = load(EASY)
    for key in sorted(words.keys):
        for form in words.forms(key):
            plain = form.replace("**", "").replace("|", "")
            for sentence in re.split(r"[。\n]", plain):
                if sentence.strip():
                    yield key, sentence


def test_sentences_are_short_and_have_few_kanji() -> None:
    for key, sentence in _sentences():
        bare = RUBY.sub("", sentence)
        assert len(_KANJI.findall(bare)) <= KANJI_MOST, (key, bare)
        assert len(bare.replace(" ", "")) <= LETTERS_MOST, (key, bare)


def test_no_sentence_says_no_twice() -> None:
    for key, sentence in _sentences():
        assert not _DOUBLE_NO.search(RUBY.sub("", sentence)), key
        assert len(re.findall(r"ません|ない(?![\u3040-\u309f]*い)", RUBY.sub("", sentence))) <= 1, (
            key,
            sentence,
        )


def test_every_kanji_has_its_reading() -> None:
    """Also in names of documents; a value put in at run time (a person's name) has none."""
    for key, sentence in _sentences():
        covered = re.sub(r"[\u3005\u4e00-\u9fff]+\[[ぁ-ゖァ-ヶー]+\]", "", sentence)
        assert not _KANJI.search(covered) or "「顔認証」" in sentence, (key, sentence)


def test_phrases_are_parted_by_spaces() -> None:
    long = [(key, s) for key, s in _sentences() if len(RUBY.sub("", s)) > 16 and not _OFFICIAL.search(key)]
    assert len(long) > 20
    for key, sentence in long:
        assert " " in sentence or "、" in sentence, key


def test_its_catalogue_says_who_made_it_and_that_nobody_checked_it() -> None:
    header = load(EASY)._entries[""].forms[0]
    assert "X-Checked-By: nobody yet" in header


_VALUE = re.compile(r"^[\s\d:/.,¥×＊()\-–+−]*$")


def _shown_values(body: Any) -> set[str]:
    """Every string of the sample: a town's name, a masked name, a code."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict):
            for each in value.values():
                walk(each)
        elif isinstance(value, list | tuple):
            for each in value:
                walk(each)

    walk(json.loads(plain.encode(body)))
    return found


@pytest.mark.parametrize("name", samples.names())
def test_every_visible_word_comes_from_a_catalogue(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = window.app()
    source = load("ja")
    window.show("done")
    monkeypatch.setattr(sys.modules[type(look).__module__], "load", lambda _language: pseudo.catalogue())
    view = samples.sample(name, pseudo.LANGUAGE)
    app.router.show_connecting()
    app.show(view)
    try:
        values = _shown_values(view.body)
        values |= {source.text(key) for key in source.keys if key.startswith("kind.")}  # official names stay
        for node in tree.in_front(app.frame):
            if node.role not in ("text", "heading", "button", "radio", "money") or node.key in view.languages:
                continue
            text = "".join(node.lines)
            if not text or _VALUE.match(text) or any(each and each in text for each in values):
                continue
            assert pseudo.OPEN in text or node.key.startswith("purpose"), (node.key, text)
    finally:
        monkeypatch.undo()
        look.dress("ja", "S", "normal")
        app.frame.restyle()
        app.frame.regrow()
