"""The journal cut into business days, by its own sequence. Pure.

A day is what lies behind the close before, up to and including its own close. Each record is in exactly one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from kiosk.journal import records as r
from kiosk.journal.ledger import EMPTY, Ledger, fold
from kiosk.slips import JST


class Entry(msgspec.Struct, frozen=True):
    """A record as it stands in the journal; `wall` is for people."""

    seq: int
    wall: str
    record: r.AnyRecord


class Day(msgspec.Struct, frozen=True):
    """One closed business day, or what has come since the last close (`number` 0)."""

    number: int
    operator: str
    date: str
    """Of the close, in Japan."""
    closed_at: str
    before: Ledger
    after: Ledger
    entries: tuple[Entry, ...]

    @property
    def is_closed(self) -> bool:
        return self.number > 0

    @property
    def fiscal_year(self) -> int:
        return fiscal_year(self.date)


def days(entries: Iterable[Entry], start: Ledger = EMPTY) -> Iterator[Day]:
    """Every closed day behind `start`, then the open one. One day is in memory at a time."""
    ledger, before, held = start, start, list[Entry]()
    for entry in entries:
        ledger = fold(ledger, entry.seq, entry.record)
        held.append(entry)
        if isinstance(entry.record, r.DayClosed):
            closed = entry.record
            date = closed.date or japan_date(entry.wall)
            yield Day(closed.number, closed.operator, date, entry.wall, before, ledger, tuple(held))
            before, held = ledger, []
    last = held[-1].wall if held else ""
    yield Day(0, "", japan_date(last), "", before, ledger, tuple(held))


def japan_date(wall: str) -> str:
    """The date in Japan of an aware ISO time; empty for none."""
    return japan_time(wall)[:10]


def japan_time(wall: str) -> str:
    """`2026-11-30 23:30:00`, Japan's time."""
    if not wall:
        return ""
    at = datetime.fromisoformat(wall).astimezone(JST)
    return at.strftime("%Y-%m-%d %H:%M:%S")


def fiscal_year(date: str) -> int:
    """会計年度: from 1 April (地方自治法 208 条). 0 for no date."""
    return int(date[:4]) - (date[5:7] < "04") if date else 0


def era_year(year: int) -> str:
    """`令和8年度`."""
    return f"令和{year - 2018}年度" if year >= 2019 else f"{year}年度"
