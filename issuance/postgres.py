"""PostgreSQL, for real use: several workers, one database. A worker keeps nothing that another would miss.

Whoever writes first takes one advisory lock until the end of its transaction, as SQLite's BEGIN IMMEDIATE does. The
audit log's chain would make writers queue anyway; taken first, the lock leaves nothing to deadlock on or to repeat,
and every statement after it (READ COMMITTED) sees what was committed before.

Each question to the database is a walk to it and back, so none is asked that need not be: BEGIN and the lock go
together, what only reads has no transaction around it (its connections cannot write), and whether a connection still
lives is found out by using it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from issuance.store import Rows, SqlTx, Store, Tx, migrations

T = TypeVar("T")

CONNECTIONS = 4
WAIT_S = 5.0
_WRITERS = 0x6D61646F  # "mado": the lock of those who write


class _GoneError(Exception):
    """The database has closed this connection (it was restarted), and nothing was done yet."""


class _Rows(list[Any]):
    """What a statement gave, after the cursor has gone on."""

    def fetchone(self) -> Any:
        return self[0] if self else None


class PostgresStore(Store):
    """A database by its connection string (libpq's: `host=/run/postgresql dbname=madoguchi`). A password has no place
    in it: take the server's Unix user (`peer`), or ~/.pgpass."""

    def __init__(self, database: str) -> None:
        from psycopg_pool import ConnectionPool  # noqa: PLC0415  # a town with SQLite has no libpq

        super().__init__(threads=CONNECTIONS)

        def pool(options: str) -> Any:
            given = {"autocommit": True, "options": options}  # transactions are ours to begin
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
                cursor = connection.cursor()  # one: a new one for each question costs a third of the question

                def execute(query: str, values: Sequence[Any]) -> Rows:
                    cursor.execute(query.replace("?", "%s").encode(), values)
                    return _Rows(cursor.fetchall() if cursor.description is not None else ())

                if writes:
                    cursor.execute(f"BEGIN; SELECT pg_advisory_xact_lock({_WRITERS})".encode())
                else:
                    yield SqlTx(execute)
                    return
            except OperationalError as error:
                raise (_GoneError if connection.broken else error) from None
            try:
                yield SqlTx(execute)
            except BaseException:
                if not connection.broken:
                    cursor.execute(b"ROLLBACK")
                raise
            cursor.execute(b"COMMIT")

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
