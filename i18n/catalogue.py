"""The texts of one language, read on first use and kept.

    ja = load("ja")
    ja.text("pay.due")                         -> "代金"
    ja.message("pay.cancel", amount=Yen(500))  -> Message, with phrases to break lines between
    ja.text("copies", count=2)                 -> "2通"

A key that a language lacks is shown in English, and in Japanese where English lacks it too (`fallback_of`);
`python -m i18n.exchange missing` lists them. A key that nobody has is shown as itself. In Japanese and English neither
happens in a build that passed the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from gettext import c2py
from pathlib import Path

from i18n import message as text_marks
from i18n.message import Message
from i18n.po import Entry, header_fields, read_po
from kiosk.money import Yen

FOLDER = Path(__file__).parent / "catalogues"
SOURCE = "ja"

Value = str | int | Yen | Message
"""What may stand in a text. An amount is written as the language writes amounts; a text keeps its phrases."""

_NO_SPACES = frozenset({"ja", "zh-Hans", "zh-Hant", "th", "my", "km"})


class Catalogue:
    """One language. Immutable; `load` gives the one instance of each."""

    def __init__(self, language: str, entries: dict[str, Entry], source: Catalogue | None) -> None:
        self.language = language
        self._entries = entries
        self._source = source
        header = header_fields(entries[""])
        self._plural: Callable[[int], int] = c2py(_plural_rule(header.get("Plural-Forms", "")))
        self._breaks_at_spaces = language not in _NO_SPACES

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._entries) - {""}

    def has(self, key: str) -> bool:
        return key in self._entries

    def forms(self, key: str) -> tuple[str, ...]:
        """The raw texts of a key, one per plural form."""
        return tuple(self._entries[key].forms.values())

    def template(self, key: str) -> str:
        """The words with their {fields}, without marks: for receipts, which break lines by the printer's columns."""
        entry = self._entries.get(key)
        if entry is None:
            return self._source.template(key) if self._source else key
        return text_marks.RUBY.sub("", entry.forms[0].replace("**", "").replace("|", ""))

    def message(self, key: str, count: int | None = None, **values: Value) -> Message:
        """The text with its marks read; `count` chooses the plural form and is `{n}`."""
        entry = self._entries.get(key)
        if entry is None:
            return self._source.message(key, count, **values) if self._source else text_marks.plain(key)
        if count is not None:
            values["n"] = count
        form = self._plural(count) if entry.is_plural and count is not None else 0
        written = {
            name: value if isinstance(value, Message) else self.write(value) for name, value in values.items()
        }
        return text_marks.parse(entry.forms[form], written, self._breaks_at_spaces)

    def text(self, key: str, count: int | None = None, **values: Value) -> str:
        """The words alone."""
        return self.message(key, count, **values).text

    def write(self, value: Value) -> str:
        """A value as this language writes it: 1,200円, ¥1,200."""
        if isinstance(value, Yen):
            before, digits, after = self.yen_parts(value)
            return before + digits + after
        if isinstance(value, Message):
            return value.text
        return value if isinstance(value, str) else str(value)

    def yen_parts(self, amount: Yen) -> tuple[str, str, str]:
        """What stands before the digits, the digits, what stands after: a big figure has a small 円."""
        before, _, after = self.template("yen").partition("{n}")
        return before, f"{amount.value:,}", after


def _plural_rule(header: str) -> str:
    """`nplurals=2; plural=(n != 1);` -> `(n != 1)`."""
    _, _, rule = header.partition(" plural=")
    return rule.strip().rstrip(";") or "0"


def fallback_of(language: str) -> str:
    """Which language stands in for a text that this one lacks; the source stands for itself."""
    if language in (SOURCE, "en") or language.startswith(f"{SOURCE}-"):
        return SOURCE
    return "en"


@cache
def load(language: str) -> Catalogue:
    """The catalogue; FileNotFoundError for a language that has none."""
    entries = read_po((FOLDER / f"{language}.po").read_text(encoding="utf-8"))
    return Catalogue(language, entries, None if language == SOURCE else load(fallback_of(language)))


@cache
def languages() -> tuple[str, ...]:
    """Every language that has a catalogue, the source first."""
    names = sorted(path.stem for path in FOLDER.glob("*.po"))
    return (SOURCE, *(name for name in names if name != SOURCE))
