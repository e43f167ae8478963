"""When certificates are issued, and what they cost on a day. Pure; the data is the town's."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

import msgspec
from msgspec import Meta

from issuance.clock import town_time

Yen = Annotated[int, Meta(ge=0, multiple_of=10)]


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Read from a file; an unknown key is an error."""


class Hours(Data, frozen=True):
    """When certificates are issued, town's time. `24:00` is midnight at the day's end."""

    open: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    close: Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
    closed_weekdays: tuple[Annotated[int, Meta(ge=0, le=6)], ...] = ()
    """0 Monday … 6 Sunday."""
    closed_days: tuple[date, ...] = ()
    closed_each_year: tuple[Annotated[str, Meta(pattern=r"^(0[1-9]|1[0-2])-[0-3]\d$")], ...] = ()
    """`12-29`: month and day."""
    closed_on_holidays: bool = False

    def is_working_day(self, day: date, holidays: Holidays) -> bool:
        return not (
            day.weekday() in self.closed_weekdays
            or day in self.closed_days
            or day.strftime("%m-%d") in self.closed_each_year
            or (self.closed_on_holidays and holidays.has(day))
        )

    def is_open(self, now: datetime, holidays: Holidays) -> bool:
        wall = town_time(now)
        before_close = self.close == "24:00" or wall.time() < time.fromisoformat(self.close)
        return (
            self.is_working_day(wall.date(), holidays)
            and wall.time() >= time.fromisoformat(self.open)
            and before_close
        )


class Holidays(Data, frozen=True):
    """National holidays (国民の祝日) as they were announced. A year of which none is known counts as all holidays: it
    is better to find the 戸籍 closed than to issue against a register that nobody keeps that day."""

    days: frozenset[date] = frozenset()

    def has(self, day: date) -> bool:
        return day in self.days or all(each.year != day.year for each in self.days)


class Maintenance(Data, frozen=True):
    """From `first` to before `until`, town's time, nothing is issued; or nothing of these kinds."""

    first: datetime
    until: datetime
    kinds: tuple[str, ...] = ()

    def holds(self, kind: str | None, now: datetime) -> bool:
        wall = town_time(now).replace(tzinfo=None)
        return (not self.kinds or kind in self.kinds) and self.first <= wall < self.until


class Fee(Data, frozen=True):
    """What one copy costs, by where it is asked for, and since when until when (last day included)."""

    kind: str
    here: Yen
    counter: Yen
    valid_from: date
    valid_until: date | None = None
    konbini: Yen | None = None
    campaign: str = ""
    """The campaign whose price `here` is; empty: none."""

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class Campaign(Data, frozen=True):
    """A price at the kiosk for some days, first and last included; the fee itself stays as it is."""

    name: str
    kinds: Annotated[tuple[str, ...], Meta(min_length=1)]
    here: Yen
    first: date
    last: date


class Prices(Data, frozen=True):
    """The fee table."""

    fees: tuple[Fee, ...]
    campaigns: tuple[Campaign, ...] = ()

    def on(self, kind: str, day: date) -> Fee | None:
        """The fee that holds on this day; None: not sold."""
        fee = next((each for each in self.fees if each.kind == kind and each.holds_on(day)), None)
        if fee is None:
            return None
        held = (each for each in self.campaigns if kind in each.kinds and each.first <= day <= each.last)
        campaign = min(held, key=lambda each: each.here, default=None)
        if campaign is None or campaign.here >= fee.here:
            return fee
        return msgspec.structs.replace(fee, here=campaign.here, campaign=campaign.name)

    def sold(self, day: date) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.kind for each in self.fees if each.holds_on(day)))

    def twice(self) -> str:
        """A kind that two fees hold for on one day; empty: none."""
        for at, one in enumerate(self.fees):
            for other in self.fees[at + 1 :]:
                if one.kind == other.kind and (
                    one.holds_on(other.valid_from) or other.holds_on(one.valid_from)
                ):
                    return one.kind
        return ""
