"""Whether two writings are one name: registers, cards and certificates write the same letters differently. Pure.

A card's text has no variation selectors and replaces letters that its character set lacks; registers have all of them.
Which letters are written for which is data with a version (縮退, kiosk/letters.py): 縮退 has several targets for one
letter or none, so two letters are one where anything that they may be written as is the same. What is not there is a
difference, and a difference of names alone stops one session only (DESIGN §6 f).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

PlainForms = Mapping[str, frozenset[str]]
"""A letter → what may be written for it."""


def is_same_name(one: str, other: str, forms: PlainForms) -> bool:
    """Both must have letters."""
    left, right = _folded(one), _folded(other)
    return bool(left) and len(left) == len(right) and all(map(lambda a, b: _meet(a, b, forms), left, right))


def _meet(one: str, other: str, forms: PlainForms) -> bool:
    none = frozenset[str]()
    return one == other or not ({one} | forms.get(one, none)).isdisjoint({other} | forms.get(other, none))


def _folded(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name)
    return "".join(each for each in folded if not each.isspace() and not _is_selector(each)).casefold()


def _is_selector(char: str) -> bool:
    return 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
