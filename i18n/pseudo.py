"""A language that nobody speaks (BCP 47 `en-XA`): every text of the catalogue, marked and a third longer. For tests.

    [Ñéxť ~~]     where "Next" stood

What is shown without its brackets did not come from a catalogue; what does not fit will not fit in German either.
"""

from __future__ import annotations

import re
from functools import cache

from i18n.catalogue import FOLDER, Catalogue, load
from i18n.message import RUBY
from i18n.po import Entry, read_po

LANGUAGE = "en-XA"
OPEN, CLOSE = "[", "]"
_ACCENTS = str.maketrans("aeiouyncsztrlgAEIOUYNCSZTRLG", "áéíóúýñçšžťřľğÁÉÍÓÚÝÑÇŠŽŤŘĽĞ")
_KEPT = re.compile(r"(\{[a-z_]+\}|\*\*|\||\n)")
_LONGER = 0.35


def disguise(text: str) -> str:
    """One text: values, bold marks and breaks stay where they are."""
    bare = RUBY.sub("", text)
    pieces = [each if _KEPT.fullmatch(each) else each.translate(_ACCENTS) for each in _KEPT.split(bare)]
    more = "~" * max(1, round(len(bare) * _LONGER / 2))
    return f"{OPEN}{''.join(pieces)} {more}{CLOSE}"


@cache
def catalogue() -> Catalogue:
    """The English catalogue, disguised."""
    entries = read_po((FOLDER / "en.po").read_text(encoding="utf-8"))
    disguised = {
        key: Entry(key, {n: disguise(form) for n, form in entry.forms.items()}, entry.is_plural)
        if key
        else entry
        for key, entry in entries.items()
    }
    return Catalogue(LANGUAGE, disguised, load("en"))
