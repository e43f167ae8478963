"""Reads the town's guidance: `[[purpose]]`, `[[cheaper]]`, `[[nearest]]`, `[[announcement]]`, keys of `[town]`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from kiosk.guidance import WEEKDAYS, Announcement, Cheaper, Guidance, Nearest, Purpose, StaffHours
from kiosk.strict_toml import Document, Table

_KEY = r"[a-z][a-z0-9_-]{0,31}"
_DATE = r"\d{4}-\d{2}-\d{2}"
_HOURS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? ([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def guidance(document: Document, town: Table) -> Guidance:
    """What the files say; ConfigError names file, line and key. `town`: its table, of which this asks its own keys."""
    return Guidance(
        hours=_texts(town, "hours", {}),
        phone=town.text("phone", "", pattern=r"[0-9+() -]+"),
        purposes=tuple(_purpose(each) for each in document.tables("purpose")),
        cheaper=tuple(_cheaper(each) for each in document.tables("cheaper")),
        nearest=tuple(_nearest(each) for each in document.tables("nearest")),
        announcements=tuple(_announcement(each) for each in document.tables("announcement")),
        staff_hours=tuple(
            _staff_hours(town, each) for each in town.texts("staff_hours", (), pattern=_HOURS.pattern)
        ),
        without_staff=town.texts("without_staff", (), pattern=_DATE),
    )


def _texts(table: Table, key: str, default: Mapping[str, str] | None = None) -> dict[str, str]:
    texts = table.text_map(key) if default is None else table.text_map(key, default)
    if texts and "ja" not in texts:
        raise table.refuse(key, "the Japanese text is missing")
    return texts


def _purpose(table: Table) -> Purpose:
    made = Purpose(
        key=table.text("key", pattern=_KEY),
        name=_texts(table, "name", {}),
        kind=table.text("kind", "", pattern=rf"({_KEY})?"),
        options=tuple(sorted(table.text_map("options", {}).items())),
        advice=table.texts("advice", (), pattern=_KEY),
        note=_texts(table, "note", {}),
    )
    table.done()
    return made


def _cheaper(table: Table) -> Cheaper:
    made = Cheaper(
        kind=table.text("kind", pattern=_KEY),
        fee=table.integer("fee"),
        place=_texts(table, "place"),
        **_dates(table),
    )
    table.done()
    return made


def _nearest(table: Table) -> Nearest:
    made = Nearest(name=_texts(table, "name"), way=_texts(table, "way", {}), hours=_texts(table, "hours", {}))
    table.done()
    return made


def _announcement(table: Table) -> Announcement:
    made = Announcement(text=_texts(table, "text"), **_dates(table))
    table.done()
    return made


def _dates(table: Table) -> dict[str, Any]:
    found = {}
    for name, key in (("first", "from"), ("last", "until")):
        found[name] = table.text(key, "", pattern=rf"({_DATE})?")
        try:
            if found[name]:
                dt.date.fromisoformat(found[name])
        except ValueError:
            raise table.refuse(key, "there is no such day") from None
    return found


def _staff_hours(table: Table, text: str) -> StaffHours:
    """`mon-fri 08:30-17:15`."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise table.refuse("staff_hours", "`mon-fri 08:30-17:15` is expected")
    first, last = found[1], found[2] or found[1]
    if first not in WEEKDAYS or last not in WEEKDAYS or WEEKDAYS.index(last) < WEEKDAYS.index(first):
        raise table.refuse("staff_hours", "weekdays are " + " ".join(WEEKDAYS))
    opens, closes = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
    if opens >= closes:
        raise table.refuse("staff_hours", "it must close after it opens")
    days = range(WEEKDAYS.index(first), WEEKDAYS.index(last) + 1)
    return StaffHours(frozenset(days), opens, closes)
