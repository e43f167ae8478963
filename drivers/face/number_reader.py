"""照合番号B off a card that is held up, over several pictures: what to do now, and the number once it is sure. Pure.

A wrong number costs its owner one of ten tries for ever, so one picture is never enough: each part must be read the
same at least `AGREE` times, with next to nobody against it, and what a card cannot say (a year in which none ends) is
no reading at all. The card process looks at the dates again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any, Final

from drivers.face.card_print import Seen, number_of, seen_in
from drivers.face.lettering import Blobs, Grey, read_lines
from kiosk.ports import CardHintCode

AGREE: Final = 3
AGAINST: Final = 4
"""So many times as many readings as all others together."""
YEARS_AHEAD: Final = 10
"""A card ends at the tenth birthday after its issue at the latest."""
GONE: Final = 5
"""Pictures in a row without print: the card was taken away, and another may come."""
_HIGH_ENOUGH: Final = 16.0
"""Pixels of the largest print: below this, the digits of the smallest run into each other."""
_LINES: Final = 2


class NumberReader:
    """Fed with pictures; holds readings of one card, and forgets them when it goes."""

    def __init__(self, blobs: Blobs, this_year: Callable[[], int]) -> None:
        self._blobs = blobs
        self._this_year = this_year
        self._dates: Counter[Hashable] = Counter()
        self._codes: Counter[Hashable] = Counter()
        self._without = 0

    def see(self, grey: Grey) -> CardHintCode:
        lines = read_lines(grey, self._blobs)
        printed = [line for line in lines if len(line.letters) >= 4]
        if len(printed) < _LINES:
            self._without += 1
            if self._without >= GONE:
                self.forget()
            return CardHintCode.NO_CARD
        self._without = 0
        year = self._this_year()
        seen = seen_in([line.letters for line in lines], year)
        if seen.dates is not None and year <= seen.dates[1] <= year + YEARS_AHEAD:
            self._dates[seen.dates] += 1
        if seen.code is not None:
            self._codes[seen.code] += 1
        if seen.dates or seen.code:
            return CardHintCode.HOLD_STILL
        tall = max(line.high for line in printed)
        return CardHintCode.COME_CLOSER if tall < _HIGH_ENOUGH else CardHintCode.TILT

    def take(self) -> bytearray | None:
        """The number, to be wiped by whoever takes it; None as long as it is not sure. Once taken it is forgotten."""
        number = number_of(Seen(_agreed(self._dates), _agreed(self._codes)))
        if number is not None:
            self.forget()
        return number

    def forget(self) -> None:
        self._dates.clear()
        self._codes.clear()


def _agreed(readings: Counter[Hashable]) -> Any:
    """The one that nearly all readings say; None when there is none."""
    if not readings:
        return None
    value, count = readings.most_common(1)[0]
    return value if count >= AGREE and count >= AGAINST * (readings.total() - count) else None
