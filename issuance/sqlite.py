"""SQLite, embedded: the demo, and a small town with one server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from issuance.store import SqlTx, Store, Tx, migrations

_PRAGMAS = (
    ("journal_mode", "WAL"),
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    ("busy_timeout", 5000),
    ("trusted_schema", "OFF"),
)


class SqliteStore(Store):
    """One SQLite file. One thread owns the connection, so writers queue there and not on the database's lock."""

    def __init__(self, path: Path) -> None:
        super().__init__(threads=1)
        self._sql: sqlite3.Connection = self._threads.submit(_open, path).result()

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Tx]:
        self._sql.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        try:
            yield SqlTx(self._sql.execute)
        except BaseException:
            self._sql.execute("ROLLBACK")
            raise
        self._sql.execute("COMMIT")

    def _end(self) -> None:
        self._sql.close()


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in _PRAGMAS:
        connection.execute(f"PRAGMA {name} = {value}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, script in enumerate(migrations("sqlite")[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
    return connection
