"""The town's register as an indexed file: made whole from a delivery, read by every worker, replaced at once.

The 戸籍 is a second file of the same make: another system delivers it, at other times; neither replaces the other's.

A worker keeps nothing of 1.4 million people in memory: it asks SQLite, whose pages all workers share. `load` writes a
new file beside the old one and renames it; who reads sees the old register or the new one, never a part of either.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from issuance.basic_data import FAMILIES, Delivery
from issuance.family import Family
from issuance.register import Payment, RegisterError, Resident, Seal, Tax

R = TypeVar("R")

FILE = "register.db"
FAMILIES_FILE = "families.db"
"""Beside it."""
_FORMAT = 1
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE resident (id TEXT PRIMARY KEY, household TEXT NOT NULL, place INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE impression (file TEXT PRIMARY KEY, width_mm REAL NOT NULL, png BLOB NOT NULL);
CREATE TABLE seal (resident TEXT PRIMARY KEY, file TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tax (resident TEXT NOT NULL, year INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (resident, year))
  WITHOUT ROWID;
CREATE TABLE tax_year (year INTEGER PRIMARY KEY);
CREATE TABLE payment (resident TEXT NOT NULL, year INTEGER NOT NULL, item TEXT NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (resident, year, item)) WITHOUT ROWID;
"""
_FAMILIES_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE family (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE member (resident TEXT PRIMARY KEY, family INTEGER NOT NULL) WITHOUT ROWID;
"""
_BATCH = 2000
_encode = msgspec.msgpack.Encoder().encode


def load(delivery: Delivery, file: Path) -> dict[str, int]:
    """Make anew what a delivery has: the register, the 戸籍 beside it, or both; how many rows of what. RegisterError:
    nothing changed."""
    if not delivery.has_residents and not file.is_file():
        raise RegisterError("the 戸籍 lies beside a register: load the residents first")
    made: list[tuple[Path, Path]] = []
    counts: dict[str, int] = {}
    if delivery.has_residents:
        made.append((_made(delivery, file, _SCHEMA, _fill, counts), file))
    if delivery.has_families:
        families = file.with_name(FAMILIES_FILE)
        made.append((_made(delivery, families, _FAMILIES_SCHEMA, _fill_families, counts), families))
    for new, old in made:  # all of it is good
        _replace(new, old)
    return counts


def _made(
    delivery: Delivery,
    file: Path,
    schema: str,
    fill: Callable[[sqlite3.Connection, Delivery], dict[str, int]],
    counts: dict[str, int],
) -> Path:
    """A new file beside the one that it will replace."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    database = sqlite3.connect(new, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = OFF")  # nobody reads it before it is whole
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(schema)
        database.execute("BEGIN")
        counts |= fill(database, delivery)
        database.execute("COMMIT")
        database.execute(f"PRAGMA user_version = {_FORMAT}")
    except sqlite3.IntegrityError:
        raise RegisterError("a resident, or a resident's record, stands twice in a delivery") from None
    finally:
        database.close()
    return new


def _fill(database: sqlite3.Connection, delivery: Delivery) -> dict[str, int]:
    counts = {
        "residents": _insert(
            database, "INSERT INTO resident VALUES (?, ?, ?, ?)", _resident_rows(delivery.residents())
        ),
        "seals": _insert_seals(database, delivery),
        "taxes": _insert(
            database,
            "INSERT INTO tax VALUES (?, ?, ?)",
            ((each.resident, each.year, _packed(each)) for each in delivery.taxes()),
        ),
        "payments": _insert(
            database,
            "INSERT INTO payment VALUES (?, ?, ?, ?)",
            ((each.resident, each.year, each.item, _packed(each)) for each in delivery.payments()),
        ),
    }
    database.execute("INSERT INTO tax_year SELECT DISTINCT year FROM tax")
    database.execute("CREATE INDEX resident_household ON resident (household, place)")
    _note_times(database, delivery, [each for each in delivery.sent if each != FAMILIES])
    return counts


def _fill_families(database: sqlite3.Connection, delivery: Delivery) -> dict[str, int]:
    """Somebody is in one present 戸籍, never in two; who has left it is found by nobody."""
    count = 0
    for count, family in enumerate(delivery.families(), 1):
        database.execute("INSERT INTO family VALUES (?, ?)", (count, _encode(family)))
        present = [(each.resident, count) for each in family.present() if each.resident]
        database.executemany("INSERT INTO member VALUES (?, ?)", present)
    _note_times(database, delivery, [FAMILIES])
    return {FAMILIES: count}


def _note_times(database: sqlite3.Connection, delivery: Delivery, keys: Iterable[str]) -> None:
    rows = [(f"as_of {key}", delivery.sent[key].as_of.isoformat()) for key in keys]
    database.executemany("INSERT INTO meta VALUES (?, ?)", rows)


def _resident_rows(residents: Iterable[Resident]) -> Iterator[tuple[Any, ...]]:
    for place, each in enumerate(residents):
        household = each.household if each.lives_here else ""
        yield each.id, household, place, _packed(each)


def _insert(database: sqlite3.Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> int:
    count, batch = 0, []
    for row in rows:
        batch.append(row)
        count += 1
        if len(batch) == _BATCH:
            database.executemany(statement, batch)
            batch.clear()
    database.executemany(statement, batch)
    return count


def _insert_seals(database: sqlite3.Connection, delivery: Delivery) -> int:
    count = 0
    for resident, file, seal in delivery.seals():
        if seal is not None:
            database.execute("INSERT INTO impression VALUES (?, ?, ?)", (file, seal.width_mm, seal.png))
        database.execute("INSERT INTO seal VALUES (?, ?)", (resident, file))
        count += 1
    return count


def _packed(record: msgspec.Struct) -> bytes:
    return _encode(msgspec.structs.astuple(record))


def _unpacked(data: bytes, kind: type[R]) -> R:
    values = msgspec.msgpack.decode(data)
    fields = kind.__struct_fields__  # type: ignore[attr-defined]  # R is one of our structs
    return msgspec.convert(dict(zip(fields, values, strict=True)), kind, strict=False)


def _replace(new: Path, file: Path) -> None:
    """Durable first, then in the old one's place (facts: the folder itself must be synced too)."""
    with new.open("rb") as data:
        os.fsync(data.fileno())
    os.chmod(new, 0o600)
    os.replace(new, file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _Opened:
    """One file, which may be replaced: each thread has a connection to the one that is there now."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._local = threading.local()

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._database().execute(query, values).fetchall()

    def as_of(self, data: str) -> datetime:
        """What never came is as old as can be."""
        rows = self.ask("SELECT value FROM meta WHERE key = ?", f"as_of {data}")
        return datetime.fromisoformat(rows[0][0]) if rows else datetime.min.replace(tzinfo=UTC)

    def is_there(self) -> bool:
        return self._file.is_file()

    def _database(self) -> sqlite3.Connection:
        stat = self._file.stat()
        now = (stat.st_ino, stat.st_mtime_ns)
        if getattr(self._local, "seen", None) != now:
            database = sqlite3.connect(f"file:{self._file}?mode=ro&immutable=1", uri=True)
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version != _FORMAT:
                raise RegisterError("the register was made by another version: load it again")
            self._local.database, self._local.seen = database, now
        found: sqlite3.Connection = self._local.database
        return found


class IndexedRegister:
    """`ResidentRegister` over such a file, and the 戸籍 beside it. What was replaced is opened anew at the next
    question."""

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise RegisterError("there is no register: issuance-server load")
        self._main = _Opened(file)
        self._families = _Opened(file.with_name(FAMILIES_FILE))
        self._ask = self._main.ask
        self._ask("SELECT 1 FROM meta")

    def resident(self, resident: str) -> Resident | None:
        rows = self._ask("SELECT data FROM resident WHERE id = ?", resident)
        return _unpacked(rows[0][0], Resident) if rows else None

    def household(self, household: str) -> tuple[Resident, ...]:
        if not household:
            return ()
        rows = self._ask("SELECT data FROM resident WHERE household = ? ORDER BY place", household)
        return tuple(_unpacked(data, Resident) for (data,) in rows)

    def seal(self, resident: str) -> Seal | None:
        rows = self._ask(
            "SELECT png, width_mm FROM seal JOIN impression USING (file) WHERE resident = ?", resident
        )
        return Seal(*rows[0]) if rows else None

    def tax(self, resident: str, year: int) -> Tax | None:
        rows = self._ask("SELECT data FROM tax WHERE resident = ? AND year = ?", resident, year)
        return _unpacked(rows[0][0], Tax) if rows else None

    def has_tax_year(self, year: int) -> bool:
        return bool(self._ask("SELECT 1 FROM tax_year WHERE year = ?", year))

    def payments(self, resident: str, year: int) -> tuple[Payment, ...]:
        rows = self._ask(
            "SELECT data FROM payment WHERE resident = ? AND year = ? ORDER BY item", resident, year
        )
        return tuple(_unpacked(data, Payment) for (data,) in rows)

    def family(self, resident: str) -> Family | None:
        """None, too, where no 戸籍 was ever delivered."""
        if not self._families.is_there():
            return None
        rows = self._families.ask(
            "SELECT data FROM member JOIN family ON family.id = member.family WHERE resident = ?", resident
        )
        return msgspec.msgpack.decode(rows[0][0], type=Family) if rows else None

    def as_of(self, data: str) -> datetime | None:
        """What never came is as old as can be: nothing is issued of it."""
        if data != FAMILIES:
            return self._main.as_of(data)
        return self._families.as_of(data) if self._families.is_there() else datetime.min.replace(tzinfo=UTC)
