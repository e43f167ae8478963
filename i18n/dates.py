"""Dates and times as a language writes them; in Japanese with the era's year (元号法, 令和 from 2019-05-01)."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from i18n.message import Message


class Words(Protocol):
    """A catalogue, or what stands for one."""

    def text(self, key: str, count: int | None = None, **values: str) -> str: ...


class Phrases(Protocol):
    """A catalogue: its texts may end a line between their phrases."""

    def text(self, key: str, count: int | None = None, **values: str) -> str: ...

    def message(self, key: str, count: int | None = None, **values: str) -> Message: ...


_ERAS = (
    (dt.date(2019, 5, 1), "reiwa"),
    (dt.date(1989, 1, 8), "heisei"),
    (dt.date(1926, 12, 25), "showa"),
    (dt.date(1912, 7, 30), "taisho"),
    (dt.date(1873, 1, 1), "meiji"),  # the solar calendar begins with Meiji 6
)


def era_year(date: dt.date) -> tuple[str, int]:
    """`("reiwa", 8)`; ValueError before 1873."""
    for first_day, era in _ERAS:
        if date >= first_day:
            begin = 1868 if era == "meiji" else first_day.year
            return era, date.year - begin + 1
    raise ValueError("dates before 1873 have no solar era year")


def long_date(words: Words, date: dt.date) -> str:
    """令和8年11月20日 / 20 November 2026."""
    era, year = era_year(date)
    return words.text(
        "date.long",
        era=words.text(f"era.{era}"),
        era_year=words.text("era.first") if year == 1 else str(year),
        year=str(date.year),
        month=str(date.month),
        month_name=words.text(f"month.{date.month}"),
        day=str(date.day),
    )


def day(words: Words, date: dt.date) -> str:
    """11月20日（金） / Fri 20 November."""
    return words.text(
        "date.day",
        month=str(date.month),
        month_name=words.text(f"month.{date.month}"),
        day=str(date.day),
        weekday=words.text(f"weekday.{date.weekday()}"),
    )


def year(words: Phrases, number: int) -> Message:
    """令和7年 / 2025."""
    return _of_year(words, "date.year", number)


def fiscal_year(words: Phrases, number: int) -> Message:
    """令和8年度 / FY 2026, for the year (April to March) that begins in this one."""
    return _of_year(words, "date.fiscal_year", number)


def _of_year(words: Phrases, key: str, number: int) -> Message:
    era, era_number = era_year(dt.date(number, 12, 31))
    first = words.text("era.first")
    era_text = words.text(f"era.{era}")
    return words.message(
        key, era=era_text, era_year=first if era_number == 1 else str(era_number), year=str(number)
    )


def clock(words: Words, hour: int, minute: int) -> str:
    """17時15分 / 17:15, as said in a sentence."""
    key = "time.full" if minute == 0 else "time"
    return words.text(key, hour=str(hour), minute=f"{minute:02d}")
