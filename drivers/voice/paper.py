"""A page's rows as words that can be listened to. Pure.

A certificate is set for the eye: labels are spread over a column (`世 帯 主`), a title over the page, numbers are in
full-width forms. What is heard is each row once, its parts one after the other, labels and titles closed up.
"""

from __future__ import annotations

import re
import unicodedata

_SAMPLE = re.compile(r"^見 ?本(?=\W|$)")
"""The mark across a demonstration's page: no part of what is certified."""
_SPREAD = re.compile(r"(?<![^ ])(\S) (?=\S(?: |$))")
_SPREAD_TITLE = 2
"""So many single letters in a row are a title, spread."""


def spoken(page: str) -> tuple[str, ...]:
    """What is said of a page (Document.fronts), a row after the other."""
    return tuple(words for row in page.splitlines() if (words := _row(row)))


def _row(row: str) -> str:
    parts = [part for each in row.split("\t") if (part := _part(each))]
    if sum(len(part) == 1 for part in parts) >= _SPREAD_TITLE:
        return "".join(parts)
    return "、".join(parts)


def _part(text: str) -> str:
    """NFKC, a spread label closed up."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    return _SAMPLE.sub("", _SPREAD.sub(r"\1", plain)).strip()
