"""What the server must not forget, behind one small interface.

A use case is one function over a `Tx`, run by `Store.run` in one serialisable database transaction: it
either happened or it did not. SQLite is embedded for the demo and small towns; another database is another
`Store`, with the same rows and the same functions."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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


class Tx(Protocol):
    """One database transaction."""

    def get(self, kind: type[R], key: str) -> R | None: ...

    def find(self, kind: type[R], **where: str) -> list[R]: ...

    def put(self, row: Row) -> None:
        """Insert, or replace the row of the same key."""

    def forget(self, kind: type[Row]) -> None:
        """Empty a table (links, when a new list is trusted)."""

    def next_number(self, counter: str) -> int:
        """1, 2, 3 … for each counter; a number handed out is never handed out again."""

    def append(self, entry: audit.Entry) -> None:
        """Add to the audit log."""

    def audit_log(self) -> Iterator[audit.Link]: ...


class Store(Protocol):
    """A database."""

    async def run(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in one transaction; an exception undoes all of it."""

    def close(self) -> None: ...


_MIGRATIONS = (
    """
    CREATE TABLE kiosk (kiosk TEXT PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, public_key BLOB NOT NULL,
      is_halted INTEGER NOT NULL, version TEXT NOT NULL, attested_at TEXT NOT NULL) STRICT;
    CREATE TABLE session (transaction_id TEXT PRIMARY KEY, kiosk TEXT NOT NULL REFERENCES kiosk, state TEXT
    NOT NULL,
      challenge BLOB NOT NULL, challenge_until TEXT NOT NULL, kinds TEXT NOT NULL, card_fingerprint TEXT NOT
      NULL, resident TEXT NOT NULL, expires_at TEXT NOT NULL) STRICT;
    CREATE TABLE document (serial TEXT PRIMARY KEY, kiosk TEXT NOT NULL REFERENCES kiosk,
      transaction_id TEXT NOT NULL REFERENCES session, line TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
      options TEXT NOT NULL, order_hash TEXT NOT NULL, order_signature BLOB NOT NULL, resident TEXT NOT NULL,
      fee INTEGER NOT NULL, sha256 TEXT NOT NULL, pages INTEGER NOT NULL, state TEXT NOT NULL,
      reserved_at TEXT NOT NULL, expires_at TEXT NOT NULL, changed_at TEXT NOT NULL, reason TEXT NOT NULL)
      STRICT;
    CREATE INDEX document_transaction ON document (transaction_id);
    CREATE INDEX document_state ON document (state) WHERE state IN ('reserved', 'prepared');
    CREATE TABLE link (certificate TEXT PRIMARY KEY, resident TEXT NOT NULL) STRICT;
    CREATE TABLE head (kiosk TEXT PRIMARY KEY REFERENCES kiosk, seq INTEGER NOT NULL, head TEXT NOT NULL)
    STRICT; CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT; CREATE TABLE audit
    (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
    CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is
    append-only'); END; CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the
    audit log is append-only'); END; """,
)


class SqliteTx:
    """`Tx` over one SQLite connection. Table and column names come from our own classes, never from data."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def get(self, kind: type[R], key: str) -> R | None:
        rows = self.find(kind, **{kind.__struct_fields__[0]: key})
        return rows[0] if rows else None

    def find(self, kind: type[R], **where: str) -> list[R]:
        fields = kind.__struct_fields__
        if unknown := set(where) - set(fields):
            raise KeyError(f"no such column: {sorted(unknown)}")
        test = " AND ".join(f"{column} = ?" for column in where) or "1"
        # own names
        query = f"SELECT {', '.join(fields)} FROM {kind.__name__.lower()} WHERE {test}"  # noqa: S608
        return [kind(*row) for row in self._sql.execute(query, tuple(where.values()))]

    def put(self, row: Row) -> None:
        key, *others = fields = row.__struct_fields__
        update = ", ".join(f"{column} = excluded.{column}" for column in others)
        self._sql.execute(
            f"INSERT INTO {type(row).__name__.lower()} ({', '.join(fields)}) "  # noqa: S608  # own names
            f"VALUES ({', '.join('?' * len(fields))}) ON CONFLICT ({key}) DO UPDATE SET {update}",
            msgspec.structs.astuple(row),
        )

    def forget(self, kind: type[Row]) -> None:
        self._sql.execute(f"DELETE FROM {kind.__name__.lower()}")  # noqa: S608  # own name

    def next_number(self, counter: str) -> int:
        query = """INSERT INTO counter VALUES (?, 1)
                   ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"""
        (value,) = self._sql.execute(query, (counter,)).fetchone()
        return int(value)

    def append(self, entry: audit.Entry) -> None:
        last = self._sql.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        seq, previous = (last[0] + 1, last[1]) if last else (1, audit.GENESIS)
        row = (seq, msgspec.json.encode(entry), previous, audit.chain(previous, seq, entry))
        self._sql.execute("INSERT INTO audit VALUES (?, ?, ?, ?)", row)

    def audit_log(self) -> Iterator[audit.Link]:
        for seq, entry, previous, link in self._sql.execute("SELECT * FROM audit ORDER BY seq"):
            yield audit.Link(seq, msgspec.json.decode(entry, type=audit.Entry), previous, link)


class SqliteStore:
    """`Store` in one SQLite file (WAL, synchronous=FULL). One thread owns the connection, so writers queue
    there and not on the database's lock."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._sql: sqlite3.Connection = self._thread.submit(_open, path).result()

    async def run(self, work: Callable[[Tx], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    def run_now(self, work: Callable[[Tx], T]) -> T:
        """The same for the command line, where there is no event loop."""
        return self._thread.submit(self._do, work).result()

    def close(self) -> None:
        self._thread.submit(self._sql.close).result()
        self._thread.shutdown()

    def _do(self, work: Callable[[Tx], T]) -> T:
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            result = work(SqliteTx(self._sql))
        except BaseException:
            self._sql.execute("ROLLBACK")
            raise
        self._sql.execute("COMMIT")
        return result


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    pragmas: tuple[tuple[str, Any], ...] = (
        ("journal_mode", "WAL"),
        ("synchronous", "FULL"),
        ("foreign_keys", "ON"),
        ("busy_timeout", 5000),
        ("trusted_schema", "OFF"),
    )
    for name, value in pragmas:
        connection.execute(f"PRAGMA {name} = {value}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
    return connection
