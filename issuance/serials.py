"""発行番号: the number on every page. Pure.

It is for people: fiscal year, running number, two check digits (ISO 7064 MOD 97-10), e.g.
`2026-00000123-74`. It is no secret and opens nothing: every act on a document also needs the kiosk's client
certificate and the two 128-bit ids of transaction and line, which travel in the body only and so reach no
access log."""

from __future__ import annotations

import re

_FORM = re.compile(r"(\d{4})-(\d{8})-(\d{2})")


def make_serial(year: int, number: int) -> str:
    """The 発行番号 of the `number`th document of a fiscal year; ValueError when the year is full."""
    if not (1 <= number <= 99_999_999 and 2000 <= year <= 9999):
        raise ValueError("no such 発行番号")
    return f"{year:04d}-{number:08d}-{_check(f'{year:04d}{number:08d}'):02d}"


def is_serial(text: str) -> bool:
    """Whether this is well formed and its check digits agree."""
    match = _FORM.fullmatch(text)
    return match is not None and _check(match[1] + match[2]) == int(match[3])


def _check(digits: str) -> int:
    return 98 - int(digits) * 100 % 97
