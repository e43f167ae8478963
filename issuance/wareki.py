"""Dates in the Japanese calendar, as certificates write them. Pure."""

from __future__ import annotations

from datetime import date

# Era, first day. Meiji's calendar is Gregorian only from 1873-01-01; no earlier date is on a living
# person's paper.
_ERAS = (
    ("令和", date(2019, 5, 1)),
    ("平成", date(1989, 1, 8)),
    ("昭和", date(1926, 12, 25)),
    ("大正", date(1912, 7, 30)),
    ("明治", date(1873, 1, 1)),
)


def era_year(day: date) -> tuple[str, int]:
    """Era and year in it; ValueError before 1873."""
    for era, first in _ERAS:
        if day >= first:
            return era, day.year - first.year + 1 + (5 if era == "明治" else 0)
    raise ValueError("no era for a day before 1873")


def wareki(day: date) -> str:
    """`令和8年4月1日`; the first year of an era is 元年."""
    return f"{_year(day)}年{day.month}月{day.day}日"


def tax_year(day: date) -> int:
    """The newest fiscal year whose residence tax is known on this day: bills go out in June."""
    return day.year if day.month >= 6 else day.year - 1


def tax_year_label(year: int) -> str:
    """`令和8年度（令和7年中の所得）`: a fiscal year taxes the calendar year before it."""
    return f"{_year(date(year, 6, 1))}年度（{_year(date(year - 1, 12, 31))}年中の所得）"


def fiscal_year_label(year: int) -> str:
    """`令和8年度`."""
    return f"{_year(date(year, 6, 1))}年度"


def fiscal_year(day: date) -> int:
    """The Gregorian year in which the fiscal year (April to March) of this day began."""
    return day.year if day.month >= 4 else day.year - 1


def _year(day: date) -> str:
    era, year = era_year(day)
    return f"{era}{'元' if year == 1 else year}"
