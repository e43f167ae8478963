"""Whether two writings are one name: registers, cards and certificates write the same letters differently. Pure.

A card's text has no variation selectors and replaces letters that its character set lacks; registers have all of them.
The whole of the 縮退 tables (MJ縮退マップ) is not in this tree: `_PLAIN` holds the letters that occur most [K]. What is
not there is a difference, and a difference of names alone stops one session only (DESIGN §6 f).
"""

from __future__ import annotations

import unicodedata

_PLAIN = str.maketrans("髙﨑𠮷濵濱邉邊齋齊斎澤櫻國廣眞德槇", "高崎吉浜浜辺辺斉斉斉沢桜国広真徳槙")


def is_same_name(one: str, other: str) -> bool:
    """Both must have letters."""
    plain = _plain(one)
    return bool(plain) and plain == _plain(other)


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name)
    return (
        "".join(each for each in folded if not each.isspace() and not _is_selector(each))
        .translate(_PLAIN)
        .casefold()
    )


def _is_selector(char: str) -> bool:
    return 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
