"""照合番号B while it is typed and until its card is there: fourteen digits in one place, wiped.

Birth (YYMMDD) + year of expiry (YYYY) + セキュリティコード (4), as printed on the card (facts/card.md §2.1). A card
allows ten wrong ones ever, so what cannot be right never reaches it: dates are checked here first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from kiosk.clock import Clock
from kiosk.ports import NumberPart

HELD_S: Final = 60.0
"""From the last part on, until the card is there (DESIGN §4)."""
QUESTION_S: Final = 150.0
"""For one question; the parts before it wait so long. The engine asks sooner whether anybody is there."""

_PLACES: Final = {
    NumberPart.BIRTH: (0, 6),
    NumberPart.EXPIRY: (6, 10),
    NumberPart.CODE: (10, 14),
    NumberPart.WHOLE: (0, 14),
}
_DIGITS: Final = 14
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_YEARS_AHEAD: Final = 10
"""A card ends at the tenth birthday after its issue at the latest."""
_JAPAN: Final = timedelta(hours=9)


def length_of(part: NumberPart) -> int:
    begin, end = _PLACES[part]
    return end - begin


class Number:
    """Parts come in any order; complete when every digit is there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._digits = bytearray(_DIGITS)
        self._is_there = [False] * _DIGITS
        self._ends_at_s: float | None = None

    @property
    def is_complete(self) -> bool:
        return all(self._is_there)

    @property
    def has_any(self) -> bool:
        return any(self._is_there)

    def put(self, part: NumberPart, digits: bytearray) -> bool:
        """Hold the part; False (and nothing of it held) when it cannot be right. The caller wipes `digits`."""
        begin, end = _PLACES[part]
        if len(digits) != end - begin or not self._is_possible(part, digits):
            return False
        self._digits[begin:end] = digits
        self._is_there[begin:end] = [True] * (end - begin)
        if self.is_complete:
            self._ends_at_s = self._clock.monotonic_s() + HELD_S
        return True

    def take(self) -> bytearray:
        """The whole number, to be wiped by whoever takes it; here it is gone."""
        taken = bytearray(self._digits)
        self.wipe()
        return taken

    def wipe(self) -> bool:
        """Whether there was anything."""
        had = self.has_any
        self._digits[:] = bytes(_DIGITS)
        self._is_there = [False] * _DIGITS
        self._ends_at_s = None
        return had

    def seconds_left(self) -> float | None:
        """Until a complete number is too old; None when there is none."""
        if self._ends_at_s is None:
            return None
        return max(0.0, self._ends_at_s - self._clock.monotonic_s())

    def _is_possible(self, part: NumberPart, digits: bytearray) -> bool:
        match part:
            case NumberPart.BIRTH:
                return _is_day(digits)
            case NumberPart.EXPIRY:
                return self._is_year(digits)
            case NumberPart.CODE:
                return True
            case NumberPart.WHOLE:
                return _is_day(digits[:6]) and self._is_year(digits[6:10])

    def _is_year(self, digits: bytearray) -> bool:
        this_year = (self._clock.wall() + _JAPAN).year
        return this_year <= _value(digits) <= this_year + _YEARS_AHEAD


def _is_day(digits: bytearray) -> bool:
    """Month and day; which year it is of which era nobody knows here, so 29 February may be."""
    month, day = _value(digits[2:4]), _value(digits[4:6])
    return 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]


def _value(digits: bytearray) -> int:
    value = 0
    for each in digits:
        value = 10 * value + each - 0x30
    return value
