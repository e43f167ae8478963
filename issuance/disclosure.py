"""A person's own record of requests in a form that a person can read: for 開示請求. Pure, but for the drawing.

What was requested and what became of it, and each refusal by the public code that the screen showed: why behind that
code (支援措置 among much else) is in the audit log for the town, and in no paper."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from issuance.audit import Entry
from issuance.clock import JST, town_day
from issuance.records import Record
from issuance.render import Renderer
from issuance.town import Kind, Town
from issuance.wareki import fiscal_year_label, wareki

FORM = Path(__file__).parent / "disclosure_form"
_MEMBER = "member_"


class Disclosure(msgspec.Struct, frozen=True):
    """The sheet: everything that stands on it, as text."""

    title: str
    note: str
    town: str
    name: str
    resident: str
    window: str
    made: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def disclose(
    town: Town,
    kinds: Mapping[str, Kind],
    person: tuple[str, str],
    found: Iterable[Record],
    refusals: Iterable[Entry],
    window: tuple[datetime, datetime],
    now: datetime,
) -> Disclosure:
    """`person`: the register's id, and the name; empty where the register knows nobody of that id any more."""
    words: dict[str, Any] = tomllib.loads((FORM / "words.toml").read_text(encoding="utf-8"))
    rows = [(row.requested_at, _requested(row, kinds, words)) for row in found]
    rows += [(entry.at, _refused(entry, words)) for entry in refusals]
    return Disclosure(
        title=words["title"],
        note=words["note"].format(town=town.name),
        town=town.name,
        name=person[1],
        resident=person[0],
        window=f"{_moment(window[0])} から {_moment(window[1])} まで",
        made=wareki(town_day(now)),
        headings=tuple(words["headings"].values()),
        rows=tuple(row for _, row in sorted(rows)),
    )


def as_csv(sheet: Disclosure) -> str:
    """For a spreadsheet: the headings, then a line for each request."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(sheet.headings)
    writer.writerows([_harmless(value) for value in row] for row in sheet.rows)
    return out.getvalue()


def as_pdf(sheet: Disclosure, font: Path, now: datetime) -> bytes:
    """A4 lying, as many pages as it takes."""
    return Renderer(FORM, {"disclosure": "template.typ"}, [font.parent]).render(
        "disclosure", msgspec.to_builtins(sheet), now
    )[0]


def _requested(row: Record, kinds: Mapping[str, Kind], words: Mapping[str, Any]) -> tuple[str, ...]:
    kind = kinds.get(row.kind)
    return (
        _moment(datetime.fromisoformat(row.requested_at)),
        kind.title if kind is not None else row.kind,
        "、".join(_option(each, words) for each in row.options.split(",") if each),
        f"{row.fee:,}",
        words["states"].get(row.state, row.state),
        _moment(datetime.fromisoformat(row.changed_at)),
        row.serial,
        str(row.pages or ""),
        row.kiosk,
        "あり" if row.assisted else "なし",
    )


def _refused(entry: Entry, words: Mapping[str, Any]) -> tuple[str, ...]:
    code = entry.detail.partition(" ")[0]
    at = _moment(datetime.fromisoformat(entry.at))
    return (at, "", "", "", f"{words['states']['refused']} {code}", at, "", "", entry.kiosk, "")


def _option(said: str, words: Mapping[str, Any]) -> str:
    key, _, choice = said.partition("=")
    if choice[:1] == "y" and choice[1:].isdigit():
        return fiscal_year_label(int(choice[1:]))
    name = words["options"].get("member" if key.startswith(_MEMBER) else key, key)
    return f"{name} {words['choices'].get(choice, choice)}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(JST):%Y-%m-%d %H:%M}"


def _harmless(value: str) -> str:
    """No cell is a formula in whatever program opens it."""
    return f"'{value}" if value[:1] in "=+-@\t\r" else value
