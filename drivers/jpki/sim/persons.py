"""The invented people of the demo, as their cards know them. Keys are the resident ids of the sample town.

Nobody here exists, nor does 例示県例示市; its municipality code 99201 is not given out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

MUNICIPALITY_CODE: Final = "99201"
PREFECTURE: Final = "Reiji-ken"
CITY: Final = "Reiji-shi"

_ERAS: Final = (  # first day, first year, digit of the 署名用 certificate's birth date (facts/card.md §3.3)
    (date(2019, 5, 1), 2019, "5"),
    (date(1989, 1, 8), 1989, "4"),
    (date(1926, 12, 25), 1926, "3"),
    (date(1912, 7, 30), 1912, "2"),
    (date(1868, 1, 25), 1868, "1"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """What is written on and in one card."""

    key: str
    name: str
    birth: date
    sex: str
    """`1` male, `2` female (JIS X 0303)."""
    address: str
    number: str
    """個人番号: eleven invented digits and a right check digit."""
    security_code: str
    is_foreign: bool = False

    @property
    def text_name(self) -> str:
        """The name as the card's text can say it: no variation selectors."""
        return "".join(each for each in self.name if not "\U000e0100" <= each <= "\U000e01ef")

    @property
    def era_digit(self) -> str:
        return _era(self.birth)[1]

    @property
    def birth_digits(self) -> str:
        """YYMMDD as on the card's face: year of the era, or of the Common Era for foreign residents."""
        year = self.birth.year % 100 if self.is_foreign else self.birth.year - _era(self.birth)[0] + 1
        return f"{year:02}{self.birth:%m%d}"


def _era(day: date) -> tuple[int, str]:
    """(first year, digit) of the era a day lies in."""
    return next((first, digit) for begin, first, digit in _ERAS if day >= begin)


def check_digit(eleven: str) -> str:
    """Of a 個人番号: weights 6,5,4,3,2,7,6,5,4,3,2, modulo 11 (facts/card.md §2.1)."""
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(digit) * weight for digit, weight in zip(eleven, weights, strict=True)) % 11
    return "0" if rest <= 1 else str(11 - rest)


def _number(eleven: str) -> str:
    return eleven + check_digit(eleven)


PERSONS: Final[dict[str, Person]] = {
    each.key: each
    for each in (
        Person(
            "hanako", "例示　花子", date(1941, 3, 3), "2", "例示県例示市中央一丁目１番１号",
            _number("00000000101"), "1001",
        ),
        Person(
            "taro", "例示　太郎", date(1939, 5, 5), "1", "例示県例示市中央一丁目１番１号",
            _number("00000000102"), "1002",
        ),
        Person(
            "ichiro", "例示　一郎", date(1968, 7, 20), "1", "例示県例示市中央一丁目１番１号",
            _number("00000000103"), "1003",
        ),
        Person(
            "yoshiko", "𠮷見本　葛\U000e0102子", date(1975, 11, 30), "2", "例示県例示市港町二丁目２番２号",
            _number("00000000201"), "2001",
        ),
        Person(
            "maria", "EXEMPLO DOS SANTOS MARIA ISABEL", date(1990, 1, 15), "2",
            "例示県例示市港町二丁目３番１号", _number("00000000301"), "3001", is_foreign=True,
        ),
        Person(
            "sato", "見本　佐藤", date(1985, 9, 9), "1", "例示県例示市緑町三丁目３番３号",
            _number("00000000401"), "4001",
        ),
    )
}  # fmt: skip
