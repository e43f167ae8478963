"""PostgreSQL, for real use: several workers, one database. A worker keeps nothing that another would miss.

Whoever writes first takes one advisory lock until the end of its transaction, as SQLite's BEGIN IMMEDIATE does. The
audit log's chain would make writers queue anyway; taken first, the lock leaves nothing to deadlock on or to repeat,
and every statement after it (READ COMMITTED) sees what was committed before.

Each question to the database is a walk to it and back, so none is asked that need not be: BEGIN and the lock go
together, what only reads has no transaction around it (its connections cannot write), and whether a connection still
lives is found out by using it. And the questions go through libpq itself (psycopg.pq), prepared once a connection: a
cursor of psycopg spends four times as much on each as the question (docs/adr/0091)."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from issuance.store import Rows, SqlTx, Store, Tx, migrations

T = TypeVar("T")

CONNECTIONS = 4
WAIT_S = 5.0
_WRITERS = 0x6D61646F  # "mado": the lock of those who write
_BEGIN = f"BEGIN; SELECT pg_advisory_xact_lock({_WRITERS})".encode()
_DECIMAL, _BINARY = 0, 1  # libpq's formats of a value; text in binary, for in decimal a NUL would end it


class _GoneError(Exception):
    """The database has closed this connection (it was restarted), and nothing was done yet."""


class _Rows(list[Any]):
    """What a statement gave, after the connection has gone on."""

    def fetchone(self) -> Any:
        return self[0] if self else None


class _Asked:
    """One connection's statements, by libpq. Values and columns are text, bytes and whole numbers: what rows have."""

    def __init__(self, connection: Any) -> None:
        from psycopg import OperationalError, errors, pq  # noqa: PLC0415

        self._libpq = connection.pgconn
        self._names: dict[str, bytes] = {}
        self._lost, self._errors, self._field = OperationalError, errors, pq.DiagnosticField.SQLSTATE
        self._good = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)

    def plain(self, command: bytes) -> None:
        """A command, or several, without values."""
        self._checked(self._libpq.exec_(command))

    def execute(self, query: str, values: Sequence[Any]) -> Rows:
        name = self._names.get(query)
        if name is None:
            name = b"q%d" % len(self._names)
            self._checked(self._libpq.prepare(name, _numbered(query)))
            self._names[query] = name
        given = [_given(value) for value in values]
        formats = [_DECIMAL if isinstance(value, int) else _BINARY for value in values]
        return _rows(self._checked(self._libpq.exec_prepared(name, given, formats, _BINARY)))

    def _checked(self, result: Any) -> Any:
        if result.status in self._good:
            return result
        state, said = result.error_field(self._field), result.error_message.decode("utf-8", "replace").strip()
        if state is None:  # libpq's own word, not the database's: it has nobody at the other end
            self._libpq.finish()
            raise self._lost(said)
        raise self._errors.lookup(state.decode())(said)


def _numbered(query: str) -> bytes:
    first, *others = query.split("?")
    return (first + "".join(f"${at}{part}" for at, part in enumerate(others, start=1))).encode()


def _given(value: Any) -> bytes:
    if isinstance(value, int):
        return b"%d" % value
    return value.encode() if isinstance(value, str) else bytes(value)


_READ: dict[int, Callable[[bytes], Any]] = {
    17: bytes,
    20: lambda value: int.from_bytes(value, "big", signed=True),
    25: lambda value: value.decode(),
}
"""By the number of a column's type (pg_type.dat): bytea, int8, text."""


def _rows(result: Any) -> _Rows:
    read = [_READ[result.ftype(column)] for column in range(result.nfields)]
    return _Rows(
        tuple(
            None if (value := result.get_value(row, column)) is None else take(value)
            for column, take in enumerate(read)
        )
        for row in range(result.ntuples)
    )


class PostgresStore(Store):
    """A database by its connection string (libpq's: `host=/run/postgresql dbname=madoguchi`). A password has no place
    in it: take the server's Unix user (`peer`), or ~/.pgpass."""

    def __init__(self, database: str) -> None:
        from psycopg_pool import ConnectionPool  # noqa: PLC0415  # a town with SQLite has no libpq

        super().__init__(threads=CONNECTIONS)

        self._asked: weakref.WeakKeyDictionary[Any, _Asked] = weakref.WeakKeyDictionary()

        def pool(options: str) -> Any:
            # Transactions are ours to begin.
            given = {"autocommit": True, "options": options, "client_encoding": "UTF8"}
            return ConnectionPool(
                database, kwargs=given, min_size=1, max_size=CONNECTIONS, timeout=WAIT_S, open=True
            )

        self._writers, self._readers = pool(""), pool("-c default_transaction_read_only=on")
        with self._transaction(writes=True) as tx:
            _migrate(tx)

    def _do(self, work: Callable[[Tx], T], writes: bool) -> T:
        for _ in range(CONNECTIONS):  # each of them may be from before the restart
            try:
                return super()._do(work, writes)
            except _GoneError:
                continue
        return super()._do(work, writes)

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Tx]:
        from psycopg import OperationalError  # noqa: PLC0415

        with (self._writers if writes else self._readers).connection() as connection:
            try:
                asked = self._asked.get(connection) or self._asked.setdefault(connection, _Asked(connection))
                if not writes:
                    yield SqlTx(asked.execute)
                    return
                asked.plain(_BEGIN)
            except OperationalError as error:
                raise (_GoneError if connection.broken else error) from None
            try:
                yield SqlTx(asked.execute)
            except BaseException:
                if not connection.broken:
                    asked.plain(b"ROLLBACK")
                raise
            asked.plain(b"COMMIT")

    def _end(self) -> None:
        self._writers.close()
        self._readers.close()


def _migrate(tx: Tx) -> None:
    if not isinstance(tx, SqlTx):
        raise TypeError("not a transaction of this store")
    tx.execute("CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY)", ())
    (done,) = tx.execute("SELECT count(*) FROM migration", ()).fetchone()
    for number, script in enumerate(migrations("postgres")[done:], start=done + 1):
        for statement in _statements(script):
            tx.execute(statement, ())
        tx.execute("INSERT INTO migration (number) VALUES (?)", (number,))


def _statements(script: str) -> list[str]:
    """A script's statements: each ends with a semicolon at a line's end."""
    return [part for part in script.split(";\n") if part.strip()]
