"""PostgreSQL, for real use: several workers, one database. A worker keeps nothing that another would miss.

Whoever writes first takes one advisory lock until the end of its transaction, as SQLite's BEGIN IMMEDIATE does. The
audit log's chain would make writers queue anyway; taken first, the lock leaves nothing to deadlock on or to repeat,
and every statement after it (READ COMMITTED) sees what was committed before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from issuance.store import Rows, SqlTx, Store, Tx, migrations

CONNECTIONS = 4
WAIT_S = 5.0
_WRITERS = 0x6D61646F  # "mado": the lock of those who write


class PostgresStore(Store):
    """A database by its connection string (libpq's: `host=/run/postgresql dbname=madoguchi`). A password has no place
    in it: take the server's Unix user (`peer`), or ~/.pgpass."""

    def __init__(self, database: str) -> None:
        from psycopg_pool import ConnectionPool  # noqa: PLC0415  # a town with SQLite has no libpq

        super().__init__(threads=CONNECTIONS)
        self._pool = ConnectionPool(
            database,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=WAIT_S,
            check=ConnectionPool.check_connection,  # the database may have been restarted
            open=True,
        )
        with self._transaction(writes=True) as tx:
            _migrate(tx)

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Tx]:
        with self._pool.connection() as connection:

            def execute(query: str, values: Sequence[Any]) -> Rows:
                return connection.execute(query.replace("?", "%s").encode(), values)

            if writes:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITERS,))
            else:
                connection.execute("SET TRANSACTION READ ONLY")
            yield SqlTx(execute)

    def _end(self) -> None:
        self._pool.close()


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
