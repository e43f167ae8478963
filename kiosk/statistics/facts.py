"""The journal as facts to count: visits, papers, calls, answers. Pure.

Nothing here names a person, a card or a transaction, and nothing of it is exported as it is: tables are made of it
(tables.py), and small cells are left out of them (cells.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from kiosk.journal import records as r
from kiosk.money import Yen
from kiosk.slips import JST
from kiosk.treasury.days import Entry


class Visit(msgspec.Struct, frozen=True):
    at: datetime
    """When it ended, Japan's time."""
    place: str
    told: r.VisitEnded

    @property
    def seconds(self) -> float:
        return sum(each.seconds for each in self.told.times)


class Paper(msgspec.Struct, frozen=True):
    """One certificate that came out and was booked."""

    at: datetime
    place: str
    kind: str
    fee: Yen
    means: str


class Call(msgspec.Struct, frozen=True):
    """`answered_s`: until somebody said that they come; None: nobody did. `ended_s`: until it was over."""

    at: datetime
    place: str
    by: str
    step: str
    answered_s: int | None
    ended_s: int | None
    how: str


class Rating(msgspec.Struct, frozen=True):
    at: datetime
    place: str
    question: str
    answer: str


class Facts(msgspec.Struct, frozen=True):
    """`days`: the business days closed in it; `restarts`: how often a core began; `incidents`: code by code."""

    visits: tuple[Visit, ...] = ()
    papers: tuple[Paper, ...] = ()
    calls: tuple[Call, ...] = ()
    ratings: tuple[Rating, ...] = ()
    incidents: tuple[tuple[datetime, str, str], ...] = ()
    """(time, place, code)"""
    restarts: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def __add__(self, other: Facts) -> Facts:
        """Two machines together."""
        ends = [each for each in (self.first, other.first, self.last, other.last) if each is not None]
        return Facts(
            self.visits + other.visits,
            self.papers + other.papers,
            self.calls + other.calls,
            self.ratings + other.ratings,
            self.incidents + other.incidents,
            self.restarts + other.restarts,
            min(ends, default=None),
            max(ends, default=None),
        )


def gather(
    entries: Iterable[Entry], place: str, first: date | None = None, last: date | None = None
) -> Facts:
    """The facts of one machine's journal, of these days of Japan (both included)."""
    gatherer = _Gatherer(place)
    for entry in entries:
        at = datetime.fromisoformat(entry.wall).astimezone(JST)
        if (first is None or at.date() >= first) and (last is None or at.date() <= last):
            gatherer.take(at, entry.record)
    return gatherer.facts()


class _Gatherer:
    def __init__(self, place: str) -> None:
        self._place = place
        self._visits: list[Visit] = []
        self._papers: list[Paper] = []
        self._calls: list[Call] = []
        self._ratings: list[Rating] = []
        self._incidents: list[tuple[datetime, str, str]] = []
        self._restarts = 0
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._open: Call | None = None

    def take(self, at: datetime, record: r.AnyRecord) -> None:
        self._first, self._last = self._first or at, at
        match record:
            case r.VisitEnded():
                self._visits.append(Visit(at, self._place, record))
            case r.LineBooked(kind=kind, fee=fee, means=means):
                self._papers.append(Paper(at, self._place, kind, fee, means))
            case r.StaffCalled(by=by, step=step):
                self._end_call("cut", None)
                self._open = Call(at, self._place, by, step, None, None, "")
            case r.CallAnswered(waited_s=waited_s) if self._open is not None:
                self._open = msgspec.structs.replace(self._open, answered_s=waited_s)
            case r.CallEnded(waited_s=waited_s, how=how):
                self._end_call(how, waited_s)
            case r.IncidentOpened(code=code):
                self._incidents.append((at, self._place, code))
            case r.Started():
                self._restarts += 1
                self._end_call("cut", None)
            case r.Rated(question=question, answer=answer):
                self._ratings.append(Rating(at, self._place, question, answer))
            case _:
                pass

    def _end_call(self, how: str, waited_s: int | None) -> None:
        """`cut`: the machine began anew before anybody came."""
        if self._open is not None:
            self._calls.append(msgspec.structs.replace(self._open, ended_s=waited_s, how=how))
            self._open = None

    def facts(self) -> Facts:
        self._end_call("open", None)
        return Facts(
            tuple(self._visits),
            tuple(self._papers),
            tuple(self._calls),
            tuple(self._ratings),
            tuple(self._incidents),
            self._restarts,
            self._first,
            self._last,
        )
