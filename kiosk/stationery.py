"""用紙受払簿: how many sheets of certificate paper came, were used, were spoiled, and must be left.

What staff did with paper (in, spoiled, taken out, counted) is an append-only file of its own, chained by hashes; what
was printed is in the journal already and is never written a second time. Security paper (改ざん防止用紙) is accounted
for sheet by sheet, for a stolen blank is half a forgery.
"""

from __future__ import annotations

import enum
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from kiosk.errors import JournalError
from kiosk.journal import records as r


class Act(enum.Enum):
    """What staff did."""

    IN = "in"
    SPOILED = "spoiled"
    """書損: jammed, misprinted, cut up. Also what came out and no resident took as hers."""
    REMOVED = "removed"
    """Taken out again: to the store, to another machine."""
    COUNTED = "counted"
    """実査: so many are left, whatever the book says."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the file."""

    at: str
    """Town's time, ISO 8601 with its offset."""
    act: Act
    paper: str
    """`plain`, `security`, …: the word of the printer's options."""
    sheets: int
    by: str
    """The Unix account."""
    note: str
    prev: str
    """SHA-256 of the line before, hex."""
    printer: str = ""
    """Whose tray it was; empty: the certificate printer's (a machine with one printer need not say)."""


class Print(msgspec.Struct, frozen=True):
    """One certificate that went to a printer, from the journal. `is_proven`: every page came out; else it is in doubt
    and its sheets are 書損 until staff say where they are."""

    at: str
    paper: str
    serial: str
    sheets: int
    is_proven: bool
    printer: str = ""


class Day(msgspec.Struct, frozen=True):
    """A line of the 受払簿."""

    day: str
    came: int = 0
    used: int = 0
    spoiled: int = 0
    removed: int = 0
    left: int = 0
    difference: int = 0
    """Counted less than the book's, negative; of the last count of the day."""
    doubts: tuple[str, ...] = ()
    """発行番号 of prints in doubt."""


_GENESIS = "0" * 64
_lines = msgspec.json.Encoder()
_entries = msgspec.json.Decoder(Entry)


class Book:
    """The file of what staff did."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(
        self, at: datetime, act: Act, paper: str, sheets: int, by: str, note: str = "", printer: str = ""
    ) -> Entry:
        """Durable when it returns. JournalError: the file's chain is broken, nothing was written."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            *_, (_, last) = [(None, _GENESIS), *_verified(file)]
            entry = Entry(at.isoformat(timespec="seconds"), act, paper, sheets, by, note, last, printer)
            file.write(_lines.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return entry

    def entries(self) -> list[Entry]:
        """All of it; JournalError at the first line that does not follow the one before."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            return [entry for entry, _ in _verified(file)]


def prints(journal: Iterable[tuple[str, r.AnyRecord]], papers: Mapping[str, str]) -> Iterator[Print]:
    """What went to a printer: (wall time, record) of a journal, and which paper each printer has."""
    serials: dict[str, str] = {}
    begun: dict[str, r.PrintIntended] = {}
    for wall, record in journal:
        match record:
            case r.TransactionOpened(lines=lines):
                serials.update((line.line, line.serial) for line in lines)
            case r.PrintIntended(op=op):
                begun[op] = record
            case r.PrintSettled(op=op, outcome=outcome, pages=pages) if op in begun:
                intent = begun.pop(op)
                whole = intent.sheets or intent.pages
                is_proven = outcome == "confirmed"
                # A page more than a whole sheet is on a sheet of its own.
                out = whole if is_proven else -(-pages * whole // max(1, intent.pages))
                if out:
                    paper = papers.get(intent.device, "plain")
                    yield Print(wall, paper, serials.get(intent.line, ""), out, is_proven, intent.device)


def days(
    entries: Sequence[Entry], printed: Iterable[Print], paper: str, printer: str = "", first: str = ""
) -> list[Day]:
    """The 受払簿 of one paper in one printer's tray, a line for each day on which something happened. `first`: the
    certificate printer, whose tray is meant where an entry names none. Without `printer` of all trays together."""

    def is_here(event: Entry | Print) -> bool:
        return event.paper == paper and printer in ("", event.printer or first)

    events: list[tuple[str, Entry | Print]] = [(each.at, each) for each in entries if is_here(each)]
    events += [(each.at, each) for each in printed if is_here(each)]
    found: dict[str, Day] = {}
    left = 0
    for at, event in sorted(events, key=lambda each: datetime.fromisoformat(each[0])):
        day = found.get(at[:10], Day(at[:10], left=left))
        before = left
        left, day = _moved(day, left, event)
        found[at[:10]] = msgspec.structs.replace(
            day, left=left, difference=day.difference + _gap(event, before)
        )
    return list(found.values())


def _moved(day: Day, left: int, event: Entry | Print) -> tuple[int, Day]:
    replace = msgspec.structs.replace
    if isinstance(event, Print):
        if event.is_proven:
            return left - event.sheets, replace(day, used=day.used + event.sheets)
        doubts = (*day.doubts, event.serial)
        return left - event.sheets, replace(day, spoiled=day.spoiled + event.sheets, doubts=doubts)
    match event.act:
        case Act.IN:
            return left + event.sheets, replace(day, came=day.came + event.sheets)
        case Act.SPOILED:
            return left - event.sheets, replace(day, spoiled=day.spoiled + event.sheets)
        case Act.REMOVED:
            return left - event.sheets, replace(day, removed=day.removed + event.sheets)
    return event.sheets, day


def _gap(event: Entry | Print, before: int) -> int:
    return event.sheets - before if isinstance(event, Entry) and event.act is Act.COUNTED else 0


def _verified(file: Iterable[bytes]) -> Iterator[tuple[Entry, str]]:
    """Each entry with the hash of its line."""
    last = _GENESIS
    for number, line in enumerate(file, start=1):
        try:
            entry = _entries.decode(line)
        except msgspec.MsgspecError:
            raise JournalError(f"the paper's book: line {number} is no entry") from None
        if entry.prev != last or not line.endswith(b"\n"):
            raise JournalError(f"the paper's book: the chain is broken at line {number}")
        last = hashlib.sha256(line).hexdigest()
        yield entry, last
