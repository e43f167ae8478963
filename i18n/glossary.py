"""Official words and what each language calls them. For translators and tests, not the kiosk.

    breaches("vi")  -> ["notice.P-202.title: 暗証番号 is not mã PIN"]

One word per thing in every language: who has read 暗証番号 as "mã PIN" once must not meet it under a second name. The
data is glossary.toml; its head says what its fields mean.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from i18n.catalogue import SOURCE, load
from i18n.message import RUBY

FILE = Path(__file__).with_name("glossary.toml")
STAFF = ("assist.", "desk.", "remedy.", "staff.")
"""Texts for staff: Japanese and English, and no word of theirs is explained."""


@dataclass(frozen=True)
class Term:
    """One official word. `words[language]`: the word, then the forms that may stand for it."""

    ja: str
    read: str
    means: str
    means_en: str
    words: dict[str, list[str]]
    omits: list[str] = field(default_factory=list)

    def may_omit(self, key: str) -> bool:
        return any(fnmatch(key, pattern) for pattern in self.omits)

    def is_said(self, language: str, text: str) -> bool:
        """By its word, a form of it, or in Japanese."""
        said = text.casefold()
        return any(form.casefold() in said for form in (self.ja, *self.words[language]))


@cache
def terms() -> tuple[Term, ...]:
    """All of them, in the file's order. TypeError for a field that there is not."""
    return tuple(Term(**each) for each in tomllib.loads(FILE.read_text(encoding="utf-8"))["term"])


def _read(language: str, key: str) -> str:
    """What a person reads: without marks and ruby."""
    text = " ".join(load(language).forms(key))
    return RUBY.sub("", text.replace("|", "").replace("**", "")).replace("\n", " ")


def _has(term: Term, text: str) -> bool:
    """The Japanese has this term, and not only inside a longer one (証明書 in 電子証明書)."""
    for other in terms():
        if other.ja != term.ja and term.ja in other.ja:
            text = text.replace(other.ja, "")
    return term.ja in text


def terms_in(key: str) -> list[Term]:
    """The terms that the Japanese of a text has; none for staff's."""
    if key.startswith(STAFF):
        return []
    text = _read(SOURCE, key)
    return [term for term in terms() if _has(term, text)]


def breaches(language: str) -> list[str]:
    """Texts whose Japanese has a term that the translation calls something else."""
    words = load(language)
    return [
        f"{key}: {term.ja} is not {term.words[language][0]}"
        for key in sorted(load(SOURCE).keys & words.keys)
        for term in terms_in(key)
        if language in term.words
        and not term.may_omit(key)
        and not term.is_said(language, _read(language, key))
    ]


def lines(language: str) -> list[str]:
    """For a translator, above the texts: `# 本籍 (honseki) | honseki | where the family register …`."""
    head = [
        f"# glossary of {language}: official word | its word and forms | what it is; machine-made, to be checked"
    ]
    return head + [
        f"# {term.ja} ({term.read}) | {' / '.join(term.words[language])} | {term.means_en}"
        for term in terms()
        if language in term.words
    ]
