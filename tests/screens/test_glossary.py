"""One word per official term in every language; pure."""

from __future__ import annotations

import pytest

from i18n import exchange, glossary
from i18n.catalogue import SOURCE, languages, load
from i18n.message import RUBY

TRANSLATED = [each for each in languages() if each != SOURCE]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_term_has_one_word(language: str) -> None:
    assert glossary.breaches(language) == []


def test_every_term_is_whole_and_wanted() -> None:
    """A word in each language; a meaning in both of ours; a text that has it; no exception without a cause."""
    source = load(SOURCE)
    found = {key: [term.ja for term in glossary.terms_in(key)] for key in sorted(source.keys)}
    for term in glossary.terms():
        assert set(term.words) == set(TRANSLATED), term.ja
        assert all(term.words.values()) and term.means and term.means_en and term.read, term.ja
        keys = [key for key, has in found.items() if term.ja in has]
        assert keys, f"{term.ja}: no text has it"
        for pattern in term.omits:
            assert any(term.may_omit(key) for key in keys), f"{term.ja}: {pattern} names no text that has it"


def test_a_form_that_no_text_uses_is_no_form() -> None:
    """The lists stay as short as the catalogues are consistent."""
    unused = []
    for language in TRANSLATED:
        text = " ".join(form for key in load(language).keys for form in load(language).forms(key))
        said = RUBY.sub("", text.replace("|", "").replace("**", "")).replace("\n", " ").casefold()
        unused += [
            f"{language} {term.ja}: {form}"
            for term in glossary.terms()
            for form in term.words[language]
            if form.casefold() not in said
        ]
    assert unused == []


def test_another_word_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test can fail: where the catalogue says a PIN by another name, it is named."""
    monkeypatch.setattr(
        glossary, "_read", lambda language, key: "暗証番号" if language == SOURCE else "passcode"
    )
    assert "pin.title: 暗証番号 is not PIN" in glossary.breaches("en")


def test_a_translator_gets_the_glossary_with_the_texts(capsys: pytest.CaptureFixture[str]) -> None:
    assert exchange.main(["out", "vi", "--all"]) == 0
    said = capsys.readouterr().out
    assert "# 暗証番号 (ansho bango) | mã PIN | " in said and "to be checked" in said
    assert "\npin.title\t" in said
    assert exchange.take_in("vi", said.splitlines()[:5]) == exchange.take_in("vi", [])
    assert exchange.main(["terms", "vi"]) == 0
