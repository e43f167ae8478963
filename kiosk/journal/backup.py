"""A journal copied and brought back, each time verified by its chain and seals before anything relies on it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from kiosk.errors import JournalError
from kiosk.journal.reading import (
    Verified,
    Verify,
    open_for_reading,
    sqlite_as_journal_error,
    verify_chain,
    verify_store,
)


def back_up(journal: Path, to: Path, verify: Verify | None) -> Verified:
    """A consistent copy beside the living core, verified as a whole; JournalError, and then nothing is left at `to`."""
    if to.exists():
        raise JournalError(f"backup: {to} exists; a backup is never written over")
    partial = to.with_name(f".{to.name}.part")
    partial.unlink(missing_ok=True)
    try:
        with (
            sqlite_as_journal_error(),
            closing(open_for_reading(journal)) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            partial.chmod(0o600)
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        found = examine(partial, verify)
        _sync(partial)
        partial.replace(to)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync(to.parent)
    return found


def examine(path: Path, verify: Verify | None) -> Verified:
    """Every record, seal and balance. JournalError at the first thing that is wrong."""
    with closing(open_for_reading(path)) as connection:
        verify_chain(connection)
        return verify_store(connection, verify, is_full=True)


def restore(backup: Path, journal: Path, verify: Verify | None) -> Verified:
    """Put a backup in the journal's place; what stood there is kept as `journal.db.before`.

    JournalError: the core runs; the backup is false; or the journal that is there is whole and knows something that the
    backup does not. Devices count on: at the next start the core finds what the backup has not seen, and names it.
    """
    with _alone(journal):
        found = examine(backup, verify)
        if journal.exists():
            _must_not_forget(journal, backup, verify)
        partial = journal.with_name(f".{journal.name}.part")
        partial.unlink(missing_ok=True)
        with partial.open("wb") as out, backup.open("rb") as source:
            while piece := source.read(1 << 20):
                out.write(piece)
        partial.chmod(0o600)
        owner = journal.parent.stat()
        os.chown(partial, owner.st_uid, owner.st_gid)
        _sync(partial)
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{journal}{suffix}").replace(f"{journal}.before{suffix}")
        partial.replace(journal)
        _sync(journal.parent)
    return found


def _must_not_forget(journal: Path, backup: Path, verify: Verify | None) -> None:
    """A journal that is damaged may be replaced by any good one; one that is whole only by one that holds all of it."""
    try:
        there = examine(journal, verify)
    except JournalError:
        return
    with closing(open_for_reading(backup)) as connection:
        row = connection.execute("SELECT hash FROM records WHERE seq = ?", (there.head.seq,)).fetchone()
    if there.head.seq and (row is None or row[0] != there.head.hash):
        raise JournalError(
            "restore: the journal that is there is whole, and the backup does not hold all of it"
        )


@contextmanager
def _alone(journal: Path) -> Iterator[None]:
    """The writer's lock (store.py): no core runs, and none starts meanwhile."""
    lock = os.open(f"{journal}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise JournalError("restore: the core runs: systemctl stop kiosk-core") from None
    finally:
        os.close(lock)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
