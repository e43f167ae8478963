"""Reads a delivery of a town's basic data: a folder of CSV files, and `delivery.toml` that says of when they are.

    [residents]
    as_of = 2026-11-28T21:00:00+09:00   # what the rows say was true then
    rows = 1400000
    sha256 = "…"                        # of the file

Which column is what: basic_data.toml. The 戸籍 is another system's, at other times: `[families]` may stand in a
delivery of its own. Its file has one family a line, as JSON (`family.Family`), for what is written in a 戸籍 is text
under headings, and no table. A delivery counts whole or not at all: rows, hash and values are checked, and
what is wrong is named by file and line, never by what stands there.
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from issuance.family import Family
from issuance.register import Payment, RegisterError, Resident, Seal, Tax, read_seal

T = TypeVar("T")

_read_family = msgspec.json.Decoder(Family).decode
_COLUMNS = Path(__file__).parent / "basic_data.toml"
DELIVERY = "delivery.toml"
FAMILIES = "families"
FAMILIES_FILE = "戸籍.jsonl"
"""NOT PROVEN: no 戸籍 system's file was at hand; whoever has one writes these lines of it."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file's name, headings by our field, and what its codes mean."""

    file: str
    columns: dict[str, str]
    codes: dict[str, dict[str, str]] = {}


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the sender says of one file."""

    as_of: Annotated[datetime, Meta(tz=True)]
    rows: int
    sha256: str


class Delivery:
    """One folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables = tables()
        self.sent = _sent(folder / DELIVERY, self.tables)
        if not self.has_residents and set(self.sent) != {FAMILIES}:
            raise RegisterError(f"{DELIVERY}: without residents there is nobody")

    @property
    def has_residents(self) -> bool:
        return "residents" in self.sent

    @property
    def has_families(self) -> bool:
        return FAMILIES in self.sent

    def families(self) -> Iterator[Family]:
        """Every present 戸籍, in the file's order."""
        sent = self.sent[FAMILIES]
        digest, count = hashlib.sha256(), 0
        with (self.folder / FAMILIES_FILE).open("rb") as lines:
            for count, line in enumerate(lines, 1):
                digest.update(line)
                try:
                    yield _read_family(line)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    raise RegisterError(f"{FAMILIES_FILE}: line {count} is not a family") from None
        if count != sent.rows or digest.hexdigest() != sent.sha256:
            raise RegisterError(f"{FAMILIES_FILE}: not the file that {DELIVERY} speaks of")

    def residents(self) -> Iterator[Resident]:
        return self._rows("residents", Resident)

    def taxes(self) -> Iterator[Tax]:
        return self._rows("taxes", Tax)

    def payments(self) -> Iterator[Payment]:
        return self._rows("payments", Payment)

    def seals(self) -> Iterator[tuple[str, str, Seal | None]]:
        """(resident, file, its impression the first time that the file is named)."""
        seen: set[str] = set()
        for number, row in self._lines("seals"):
            resident, name = row["resident"], row["png"]
            if not resident or Path(name).name != name:
                raise RegisterError(f"{self.tables['seals'].file}: line {number} is not a seal")
            yield resident, name, None if name in seen else read_seal(self.folder / name)
            seen.add(name)

    def _rows(self, key: str, record: type[T]) -> Iterator[T]:
        for number, row in self._lines(key):
            plain = {name: value for name, value in row.items() if value}
            try:
                yield msgspec.convert(plain, record, strict=False)
            except msgspec.ValidationError:
                raise RegisterError(f"{self.tables[key].file}: line {number} is not a record of it") from None

    def _lines(self, key: str) -> Iterator[tuple[int, dict[str, str]]]:
        """Each line with its number; in the end the file must have been the one that was sent."""
        if key not in self.sent:
            return
        table, sent = self.tables[key], self.sent[key]
        digest, count = hashlib.sha256(), 0
        with (self.folder / table.file).open("rb") as data:
            rows = csv.reader(_decoded(data, digest, table.file), strict=True)
            places = _places(table, next(rows, []))
            for count, values in enumerate(rows, 1):
                if len(values) != len(places):
                    raise RegisterError(f"{table.file}: line {count + 1} has other columns")
                yield count + 1, _translated(table, dict(zip(places, values, strict=True)), count + 1)
        if count != sent.rows or digest.hexdigest() != sent.sha256:
            raise RegisterError(f"{table.file}: not the file that {DELIVERY} speaks of")


def tables() -> dict[str, Table]:
    return msgspec.convert(tomllib.loads(_COLUMNS.read_text(encoding="utf-8")), dict[str, Table])


def _sent(file: Path, known: Mapping[str, Table]) -> dict[str, Sent]:
    try:
        sent = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), dict[str, Sent])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError):
        raise RegisterError(f"{file.name}: cannot be read") from None
    if unknown := sorted(set(sent) - set(known) - {FAMILIES}):
        raise RegisterError(f"{file.name}: {unknown[0]} is no kind of data")
    return sent


def _decoded(data: Any, digest: Any, name: str) -> Iterator[str]:
    for number, line in enumerate(data, 1):
        digest.update(line)
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise RegisterError(f"{name}: line {number} is not UTF-8") from None


def _places(table: Table, headings: list[str]) -> list[str]:
    """Our field of each column; `` for one that we do not use."""
    fields = {heading: field for field, heading in table.columns.items()}
    if missing := sorted(set(fields) - set(headings)):
        raise RegisterError(f"{table.file}: the column {missing[0]} is missing")
    return [fields.get(heading, "") for heading in headings]


def _translated(table: Table, row: dict[str, str], number: int) -> dict[str, str]:
    row.pop("", None)
    for field, meanings in table.codes.items():
        if row[field] not in meanings:
            raise RegisterError(
                f"{table.file}: line {number} has a code of {table.columns[field]} that is none"
            )
        row[field] = meanings[row[field]]
    return row
