"""What a town tells people round a certificate: which one is wanted for what, where else, who is there when. Pure data.

Read from the town's file (kiosk/config_guidance.py); the engine only shows it. Texts are per language, Japanese always.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

Texts = Mapping[str, str]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TOWN_TIME = dt.timezone(dt.timedelta(hours=9), "JST")


def in_language(texts: Texts, language: str) -> str:
    """In this language, else in English for who reads no Japanese, else as it is; empty where there is nothing."""
    return next((texts[each] for each in (language, "en", "ja") if each in texts), "")


class Purpose(msgspec.Struct, frozen=True):
    """What somebody wants a certificate for (提出先), and what is asked for there."""

    key: str
    """A text `purpose.KEY` of the catalogues, unless the town names it itself."""
    name: Texts = {}
    kind: str = ""
    """Empty: not from this machine; the counter."""
    options: tuple[tuple[str, str], ...] = ()
    """What is to be chosen beyond the least: `honseki` → `yes`."""
    advice: tuple[str, ...] = ()
    """Texts `advice.KEY` of the catalogues, in order."""
    note: Texts = {}
    """The town's own words."""


class Cheaper(msgspec.Struct, frozen=True):
    """The same certificate costs less, or nothing, somewhere else: said before it is ordered."""

    kind: str
    fee: int
    place: Texts
    first: str = ""
    last: str = ""
    """ISO dates, both included; empty: no bound."""

    def holds(self, day: dt.date) -> bool:
        return _within(day, self.first, self.last)


class Nearest(msgspec.Struct, frozen=True):
    """Another place that can do it, for who stands before a machine that cannot. The nearest first."""

    name: Texts
    way: Texts = {}
    hours: Texts = {}


class Announcement(msgspec.Struct, frozen=True):
    """A notice of the idle screen."""

    text: Texts
    first: str = ""
    last: str = ""

    def holds(self, day: dt.date) -> bool:
        return _within(day, self.first, self.last)


class StaffHours(msgspec.Struct, frozen=True):
    """On these weekdays, from minute to minute of the town's day, somebody comes when staff are called."""

    days: frozenset[int]
    opens_min: int
    closes_min: int


class Guidance(msgspec.Struct, frozen=True):
    """All of it."""

    hours: Texts = {}
    """When the machine can be used, in words."""
    phone: str = ""
    """Called by the resident where nobody is there."""
    purposes: tuple[Purpose, ...] = ()
    cheaper: tuple[Cheaper, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    staff_hours: tuple[StaffHours, ...] = ()
    """None at all: staff are always there."""
    without_staff: tuple[str, ...] = ()
    """ISO dates on which nobody is there."""

    def is_attended(self, now: dt.datetime) -> bool:
        """Whether somebody of the staff comes at this moment."""
        local = now.astimezone(TOWN_TIME)
        if local.date().isoformat() in self.without_staff:
            return False
        minute = local.hour * 60 + local.minute
        return not self.staff_hours or any(
            local.weekday() in each.days and each.opens_min <= minute < each.closes_min
            for each in self.staff_hours
        )

    def purpose(self, key: str) -> Purpose | None:
        return next((each for each in self.purposes if each.key == key), None)


def _within(day: dt.date, first: str, last: str) -> bool:
    return first <= day.isoformat() <= (last or "9999-12-31")
