"""照合番号B off a card's printed face: the birth date, the year of expiry, the security code. Pure.

What is known of the print (published words, no picture of a real card): the birth date is 年月日 of an era for Japanese
and of the Common Era for foreign residents; the expiry is 年月日 of the Common Era; the code is four digits that stand
alone (under the photo, beside the card's own long number). Nothing is guessed: what is not read surely, or twice and
differently, is not read.
"""

from __future__ import annotations

import itertools
from typing import Final, NamedTuple

from drivers.face.glyphs import OTHER
from drivers.face.lettering import Letter

DIGITS: Final = 14
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CLOSE: Final = 1.5
"""Gap within a date, in parts of the line's height: a space may stand before a month of one digit."""
_ALONE: Final = 0.8
"""Gap around a number that stands alone."""
_EVEN: Final = 1.25
"""Digits of one number are equally high."""
_LOWEST: Final = 0.5
"""Height of a character against the line's tallest."""

Date = tuple[int, int, int]
"""Year as it is printed (元 is 1), month, day."""


class Seen(NamedTuple):
    """What one picture says. None: not all of it, or not surely, or two of it."""

    dates: tuple[Date, int] | None = None
    """The birth date, the year of expiry."""
    code: tuple[int, int, int, int] | None = None


def seen_in(lines: list[list[Letter]], this_year: int) -> Seen:
    dates = sorted({date for line in lines for date in _dates(line)})
    codes = {code for line in lines for code in _codes(line)}
    return Seen(_birth_and_expiry(dates, this_year), codes.pop() if len(codes) == 1 else None)


def number_of(seen: Seen) -> bytearray | None:
    """Fourteen ASCII digits, to be wiped by whoever takes them; None when a part is missing."""
    if seen.dates is None or seen.code is None:
        return None
    (year, month, day), expiry = seen.dates
    number = bytearray(DIGITS)
    for at, (value, width) in enumerate(((year % 100, 2), (month, 2), (day, 2), (expiry, 4))):
        _write(number, 2 * at, value, width)
    number[10:] = bytes(0x30 + digit for digit in seen.code)
    return number


def _write(number: bytearray, at: int, value: int, width: int) -> None:
    for place in range(at + width - 1, at - 1, -1):
        value, digit = divmod(value, 10)
        number[place] = 0x30 + digit


def _birth_and_expiry(dates: list[Date], this_year: int) -> tuple[Date, int] | None:
    """The birth is of an era, or the one date that is past; the expiry is the last year named (a certificate's, which
    some cards show too, is never later than its card's).
    """
    of_era = [date for date in dates if date[0] < 100]
    coming = [date for date in dates if date[0] >= this_year]
    past = [date for date in dates if 100 <= date[0] < this_year]
    births = of_era or past or coming[:1]
    expiries = [date for date in coming if date not in births]
    if len(births) != 1 or not expiries:
        return None
    return births[0], expiries[-1][0]


def _dates(line: list[Letter]) -> list[Date]:
    """Digits 年 digits 月 digits 日, close together and surely read."""
    found = []
    for words in _words(line):
        text = "".join(_plain(letter) for letter in words)
        for at, each in enumerate(text):
            if each == "年" and (date := _date_at(text, at)) is not None:
                found.append(date)
    return found


def _date_at(text: str, year_ends: int) -> Date | None:
    begin = year_ends
    while begin and text[begin - 1].isdigit():
        begin -= 1
    year = text[begin:year_ends]
    if not year and year_ends and text[year_ends - 1] == "元":
        year = "1"
    rest = text[year_ends + 1 :]
    month, is_month, rest = rest.partition("月")
    day, is_day, _ = rest.partition("日")
    parts = (year, month, day)
    if not (is_month and is_day and all(part.isdigit() for part in parts)):
        return None
    if len(year) not in (1, 2, 4) or max(len(month), len(day)) > 2:
        return None
    date = (int(year), int(month), int(day))
    is_possible = 1 <= date[1] <= 12 and 1 <= date[2] <= _DAYS[date[1] - 1] and 0 < date[0] < 2200
    return date if is_possible and (date[0] < 100 or date[0] >= 1880) else None


def _codes(line: list[Letter]) -> list[tuple[int, int, int, int]]:
    """Four digits with nothing near them on either side."""
    found = []
    for group in _words(line, _ALONE):
        text = "".join(_plain(letter) for letter in group)
        heights = [letter.high for letter in group]
        if len(text) == 4 and text.isdigit() and max(heights) <= _EVEN * min(heights):
            one, two, three, four = map(int, text)
            found.append((one, two, three, four))
    return found


def _words(line: list[Letter], gap: float = _CLOSE) -> list[list[Letter]]:
    """Letters without a wide gap between them."""
    words: list[list[Letter]] = [line[:1]]
    for before, letter in itertools.pairwise(line):
        if letter.left - before.right > gap:
            words.append([])
        words[-1].append(letter)
    return words


def _plain(letter: Letter) -> str:
    """What it is, or OTHER where that is not sure, or where it is too small to be a character of this line."""
    return letter.glyph.character if letter.glyph.is_sure and letter.high >= _LOWEST else OTHER
