"""What the server must not forget, behind one small interface.

A use case is one function over a `Tx`, run by `Store.run` in one database transaction: it either happened or it did
not, and it saw everything that happened before it. Every use case also writes the audit log, whose chain is one queue
anyway; so use cases that write come one after the other, in SQLite and in PostgreSQL alike, and none has to be
repeated. What only reads waits for nobody."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from issuance import audit

T = TypeVar("T")
R = TypeVar("R", bound="Row")


class Row(msgspec.Struct, frozen=True):
    """A row of the table of its class; the first field is the key."""


class Kiosk(Row, frozen=True):
    """An enrolled machine. `fingerprint`: SHA-256 of its client certificate's DER; `public_key`: the same
    key, PEM."""

    kiosk: str
    fingerprint: str
    public_key: bytes
    is_halted: int = 0
    version: str = ""
    attested_at: str = ""
    next_fingerprint: str = ""
    """Of a certificate that was signed and not used yet; the one before is good until it is."""
    next_public_key: bytes = b""


class Enrolment(Row, frozen=True):
    """A machine that asked to be enrolled, by the SHA-256 of its public key. `state`: pending, approved."""

    fingerprint: str
    kiosk: str
    csr: str
    state: str
    certificate: str
    asked_at: str


class Session(Row, frozen=True):
    """One resident's visit, as the kiosk named it. `state`: challenged, authenticated, refused, abandoned."""

    transaction_id: str
    kiosk: str
    state: str
    challenge: bytes
    challenge_until: str
    kinds: str
    card_fingerprint: str
    resident: str
    expires_at: str


class Document(Row, frozen=True):
    """One copy of one certificate. `state`: reserved, prepared, committed, printed, void. The PDF itself is
    never kept."""

    serial: str
    kiosk: str
    transaction_id: str
    line: str
    kind: str
    options: str
    order_hash: str
    order_signature: bytes
    resident: str
    fee: int
    sha256: str
    pages: int
    state: str
    reserved_at: str
    expires_at: str
    changed_at: str
    reason: str = ""
    assisted: int = 0


class Link(Row, frozen=True):
    """Which resident an authentication certificate belongs to. Key: `<issuer SHA-256>:<serial number,
    hex>`."""

    certificate: str
    resident: str


class Head(Row, frozen=True):
    """The newest sealed head of a kiosk's journal; older ones are in the audit log."""

    kiosk: str
    seq: int
    head: str


class Operator(Row, frozen=True):
    """Who looks after the town's kiosks, by the SHA-256 of a client certificate."""

    operator: str
    fingerprint: str


class Standing(Row, frozen=True):
    """How a machine last said it stands (`report`: JSON of messages.ReportRequest). `answered_by`: who said on the
    staff page that they come, for the call that is open."""

    kiosk: str
    at: str
    report: str
    answered_by: str = ""


class Figures(Row, frozen=True):
    """A machine's statistics of one day, without small cells (JSON of messages.Figure). Key: `<kiosk> <day>`."""

    key: str
    kiosk: str
    day: str
    rows: str


class StaffUser(Row, frozen=True):
    """Who may open the staff page. `secret`: scrypt of the password, with its salt; `wrong`: tries since the last good
    one."""

    name: str
    role: str
    secret: str
    wrong: int = 0
    locked_until: str = ""


class Rate(Row, frozen=True):
    """How often a kiosk asked for one thing in one minute. Key: `<kiosk> <thing>`."""

    key: str
    minute: str
    used: int


class Tx(Protocol):
    """One database transaction."""

    def get(self, kind: type[R], key: str) -> R | None: ...

    def find(self, kind: type[R], **where: str) -> list[R]: ...

    def between(self, kind: type[R], column: str, first: str, last: str, **where: str) -> list[R]:
        """Rows with `first` ≤ `column` < `last`, in that column's order."""

    def remove(self, row: Row) -> None: ...

    def put(self, row: Row) -> None:
        """Insert, or replace the row of the same key."""

    def forget(self, kind: type[Row]) -> None:
        """Empty a table (links, when a new list is trusted)."""

    def next_number(self, counter: str) -> int:
        """1, 2, 3 … for each counter; a number handed out is never handed out again."""

    def append(self, entry: audit.Entry) -> None:
        """Add to the audit log."""

    def audit_log(self) -> Iterator[audit.Link]: ...


class Rows(Protocol):
    """What a statement gave: both libraries' cursors."""

    def fetchone(self) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class SqlTx:
    """`Tx` over any SQL that has `INSERT … ON CONFLICT` and `?` for a value. Table and column names come from our own
    classes, never from data."""

    def __init__(self, execute: Callable[[str, Sequence[Any]], Rows]) -> None:
        self.execute = execute

    def get(self, kind: type[R], key: str) -> R | None:
        rows = self.find(kind, **{kind.__struct_fields__[0]: key})
        return rows[0] if rows else None

    def find(self, kind: type[R], **where: str) -> list[R]:
        return self._select(kind, "1 = 1", (), where)

    def between(self, kind: type[R], column: str, first: str, last: str, **where: str) -> list[R]:
        test = f"{column} >= ? AND {column} < ?"
        rows = self._select(kind, test, (first, last), {**where, column: None})
        return sorted(rows, key=lambda row: str(getattr(row, column)))

    def _select(
        self, kind: type[R], test: str, values: Sequence[str], where: Mapping[str, str | None]
    ) -> list[R]:
        fields = kind.__struct_fields__
        if unknown := set(where) - set(fields):
            raise KeyError(f"no such column: {sorted(unknown)}")
        equal = {column: value for column, value in where.items() if value is not None}
        tests = " AND ".join([test, *(f"{column} = ?" for column in equal)])
        # own names
        query = f"SELECT {', '.join(fields)} FROM {kind.__name__.lower()} WHERE {tests}"  # noqa: S608
        return [kind(*row) for row in self.execute(query, (*values, *equal.values()))]

    def remove(self, row: Row) -> None:
        key = row.__struct_fields__[0]
        statement = f"DELETE FROM {type(row).__name__.lower()} WHERE {key} = ?"  # noqa: S608  # own names
        self.execute(statement, (getattr(row, key),))

    def put(self, row: Row) -> None:
        key, *others = fields = row.__struct_fields__
        update = ", ".join(f"{column} = excluded.{column}" for column in others)
        self.execute(
            f"INSERT INTO {type(row).__name__.lower()} ({', '.join(fields)}) "  # noqa: S608  # own names
            f"VALUES ({', '.join('?' * len(fields))}) ON CONFLICT ({key}) DO UPDATE SET {update}",
            msgspec.structs.astuple(row),
        )

    def forget(self, kind: type[Row]) -> None:
        self.execute(f"DELETE FROM {kind.__name__.lower()}", ())  # noqa: S608  # own name

    def next_number(self, counter: str) -> int:
        query = """INSERT INTO counter (name, value) VALUES (?, 1)
                   ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value"""
        return int(self.execute(query, (counter,)).fetchone()[0])

    def append(self, entry: audit.Entry) -> None:
        last = self.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", ()).fetchone()
        seq, previous = (last[0] + 1, last[1]) if last else (1, audit.GENESIS)
        row = (seq, msgspec.json.encode(entry), previous, audit.chain(previous, seq, entry))
        self.execute("INSERT INTO audit (seq, entry, previous, hash) VALUES (?, ?, ?, ?)", row)

    def audit_log(self) -> Iterator[audit.Link]:
        for seq, entry, previous, link in self.execute(
            "SELECT seq, entry, previous, hash FROM audit ORDER BY seq", ()
        ):
            yield audit.Link(seq, msgspec.json.decode(entry, type=audit.Entry), previous, link)


class Store(ABC):
    """A database, and the threads that wait for it."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="store")

    async def run(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in one transaction, after every other that writes; an exception undoes all of it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._do, work, True)

    async def read(self, work: Callable[[Tx], T]) -> T:
        """The same for work that only reads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._do, work, False)

    def run_now(self, work: Callable[[Tx], T]) -> T:
        """`run` for the command line, where there is no event loop."""
        return self._threads.submit(self._do, work, True).result()

    def close(self) -> None:
        self._threads.submit(self._end).result()
        self._threads.shutdown()

    def _do(self, work: Callable[[Tx], T], writes: bool) -> T:
        with self._transaction(writes) as tx:
            return work(tx)

    @abstractmethod
    def _transaction(self, writes: bool) -> AbstractContextManager[Tx]:
        """One transaction of this thread: kept at its end, undone by an exception."""

    @abstractmethod
    def _end(self) -> None:
        """Close what is open."""


def migrations(database: str) -> list[str]:
    """Numbered scripts of a kind of database, in order; number n brings a database from n-1 to n."""
    files = sorted((Path(__file__).parent / "migrations" / database).glob("*.sql"))
    return [file.read_text(encoding="utf-8") for file in files]
