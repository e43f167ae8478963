"""A page's text, as PDFium gives it, as words that can be listened to. Pure.

A certificate is set for the eye: labels are spread over a column (`世　帯　主`), a sentence is broken where the column
ends, letters are radicals and full-width forms. What is heard is each line once, labels closed up, a sentence whole.
"""

from __future__ import annotations

import re
import unicodedata

_MARKS = frozenset({"見本", "見 本"})
"""Across every page of a demonstration: no part of what is certified."""
_SPREAD = re.compile(r"(?<![^ ])(\S) (?=\S(?: |$))")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def spoken(page: str) -> tuple[str, ...]:
    """Lines in the order in which they stand in the file."""
    lines = [_line(each) for each in page.splitlines()]
    found: list[str] = []
    for line in lines:
        if not line or line in _MARKS:
            continue
        if found and _goes_on(found[-1], line):
            found[-1] += line
        else:
            found.append(line)
    return tuple(each.replace(" ", "、") if _JAPANESE.search(each) else each for each in found)


def _line(text: str) -> str:
    """NFKC, one space between words, a spread label closed up."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    return _SPREAD.sub(r"\1", plain)


def _goes_on(before: str, line: str) -> bool:
    """A sentence that was broken: neither part is a row of a table, which has a space between label and value."""
    is_row = " " in before or " " in line
    return not is_row and not before.endswith(("。", ")", "】"))
