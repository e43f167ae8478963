"""The journal on disk: SQLite, append-only, hash-chained, durable before `append` returns.

Rules
-----
1. A record exists for us when `append` has returned its sequence number. No irreversible byte leaves before
   that.
2. Nothing is changed or deleted. Triggers abort UPDATE and DELETE, a gap, and a record that does not name
   the hash before it. Corrections are new records.
3. A failure of the disk is final. Whatever SQLite or the kernel reports while appending, this store is
   dead: every later call is a JournalError, and the process is restarted and recovers. A failed fsync is
   never tried again: after it the kernel may have marked the lost pages clean, so that a second fsync
   "succeeds" (the fsyncgate lesson). For the same reason a dead connection is not closed: closing would
   checkpoint.
4. One writer: flock on `<journal>.lock`, and the process that opened it (a forked child may not append).
5. A full disk is seen before money is taken: `reserve()` asks for room for many transactions. It may say no
   while the store lives on: what is begun has to be ended.

Theory
------
WAL mode with synchronous=FULL: a commit appends the changed pages to the WAL and fdatasyncs it before
COMMIT returns (sqlite.org/wal.html; NORMAL would sync at checkpoints only, and lose acknowledged records on
power loss). Each WAL frame carries a running checksum and a salt: a torn tail, zeros or an old sector end
the log at the last whole commit, so every prefix of the file opens to a valid earlier journal. The
directory is synced by us when the file is made, and by SQLite when the WAL is.

The log keeps its length: LOG_BYTES are written once, when the store opens, and SQLite begins anew at the front
after each checkpoint. So a commit lies within a file that is already there, and its fdatasync waits for the
record and not for the file system's own log of a file that grew.

A new record touches one page of the table; only pieces of money (CoinIn) touch an index too: the one that
makes (device, serial, epoch, seq) unique for ever. It is computed by SQLite from the record itself, so it
cannot disagree.

hash(n) = SHA-256(hash(n-1) ‖ canonical(n)), canonical = seq LF format LF wall LF boot LF record-JSON;
hash(0) = 32 zero bytes. Sealed checkpoints (checkpoint.py) sign a hash and the balances at it. A start
verifies the seal and the chain behind it; `kiosk-check --journal` verifies everything.

WARNING
-------
The chain alone shows edits, not a cut tail: records behind the last seal can be cut off by whoever holds
the disk. That is why a seal's head is also sent to the server. The wall time is written down for people;
nothing here, and no balance anywhere, depends on it: order is `seq`.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from kiosk.clock import Clock
from kiosk.errors import ContractError, JournalError
from kiosk.journal import ledger as books
from kiosk.journal import reading
from kiosk.journal.reading import (
    APPLICATION_ID,
    CODEC,
    GENESIS,
    SCHEMA_VERSION,
    Head,
    Verify,
    chain_hash,
    code_of,
    must_be_ours,
    verify_store,
)
from kiosk.journal.records import FORMAT, AnyRecord, CoinIn

ROOM_BYTES = 64 * 1024 * 1024
"""Free space below which no money is taken: some ten thousand transactions, and what else writes here."""

_COIN = """json_extract(record, '$.device'), json_extract(record, '$.serial'),
    json_extract(record, '$.epoch'), json_extract(record, '$.seq')"""
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE records (
    seq    INTEGER PRIMARY KEY,
    format INTEGER NOT NULL,
    wall   TEXT NOT NULL,
    boot   TEXT NOT NULL,
    record TEXT NOT NULL,
    prev   BLOB NOT NULL,
    hash   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX coins ON records ({_COIN}) WHERE json_extract(record, '$.type') = 'CoinIn';
CREATE INDEX checkpoints ON records (seq) WHERE json_extract(record, '$.type') = 'Checkpoint';
CREATE TRIGGER no_update BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER in_order BEFORE INSERT ON records
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM records)
  OR NEW.prev IS NOT coalesce((SELECT hash FROM records WHERE seq = NEW.seq - 1), zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'out of order'); END;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""  # noqa: S608  # constants of this file
_INSERT = "INSERT INTO records (seq, format, wall, boot, record, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_COIN = f"{_INSERT} ON CONFLICT DO NOTHING"
"""A piece whose key is there already is not written again; a wrong number or hash is the trigger's, and an error."""

LOG_BYTES = 1008 * (4096 + 24)
"""A little more than SQLite's log ever needs between two checkpoints (1,000 pages)."""

_DEAD: list[sqlite3.Connection] = []
"""Connections after a failure: never closed (rule 3); they end with the process."""


class Store:
    """The one writer of a journal. Used from one thread."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lock: int, clock: Clock, boot: str, room_bytes: int
    ) -> None:
        """Use `open_store`."""
        self._connection = connection
        self._path = path
        self._lock = lock
        self._clock = clock
        self._boot = boot
        self._room_bytes = room_bytes
        self._pid = os.getpid()
        self._is_dead = False
        self._is_closed = False
        self._head = Head(0, GENESIS)
        self.recovered = books.EMPTY
        """The balances of what was found when this store was opened."""

    def append(self, records: Sequence[AnyRecord]) -> list[int]:
        """Make these durable, all or none; the sequence number of each.

        0 stands for a CoinIn that is there already: a replay, nothing was written, nothing is to be folded.
        JournalError: nothing may be relied on any more; see rule 3.
        """
        self._must_live()
        if not records:
            return []
        bodies = [CODEC.encode(each) for each in records]
        wall = self._clock.wall().isoformat(timespec="microseconds")
        try:
            if len(records) > 1:  # one alone is a transaction by itself
                self._connection.execute("BEGIN IMMEDIATE")
            head, found = self._head, []
            for record, body in zip(records, bodies, strict=True):
                after = self._insert(
                    head, wall, body, _INSERT_COIN if isinstance(record, CoinIn) else _INSERT
                )
                found.append(after.seq if after is not head else 0)
                head = after
            if len(records) > 1:
                self._connection.execute("COMMIT")
        except BaseException as error:
            self._die()
            if isinstance(error, (sqlite3.Error, OSError)):
                raise JournalError(f"journal: not durable, {code_of(error)}") from None
            raise
        self._head = head
        return found

    @property
    def head(self) -> tuple[int, str]:
        """The last record's number and chain hash, in hex: what a seal signs."""
        return self._head.seq, self._head.hash.hex()

    def reserve(self) -> None:
        """JournalError when there is not room enough to begin a transaction; what is begun may be ended."""
        self._must_live()
        if self.free_bytes < self._room_bytes:
            raise JournalError("journal: not enough room on the disk")

    @property
    def free_bytes(self) -> int:
        """Room on the journal's disk; JournalError when the disk does not say."""
        try:
            found = os.statvfs(self._path)
        except OSError as error:
            raise JournalError(f"journal: disk, {code_of(error)}") from None
        return found.f_bavail * found.f_frsize

    def records(self, after: int = 0) -> Iterator[tuple[int, AnyRecord]]:
        """Every record behind `after`, in order."""
        self._must_live()
        return reading.records(self._connection, after)

    def close(self) -> None:
        """Give the journal up. May be called again."""
        if self._is_closed:
            return
        self._is_closed = True
        if not self._is_dead:
            self._connection.close()
        os.close(self._lock)

    def _must_live(self) -> None:
        if self._is_dead or self._is_closed:
            raise JournalError("journal: this store is dead")
        if os.getpid() != self._pid:
            raise ContractError("journal: another process opened it")

    def _die(self) -> None:
        self._is_dead = True
        _DEAD.append(self._connection)

    def _insert(self, head: Head, wall: str, body: bytes, statement: str) -> Head:
        """The head behind this record; the same head when it is a piece that is there already."""
        seq = head.seq + 1
        digest = chain_hash(head.hash, seq, FORMAT, wall.encode(), self._boot.encode(), body)
        row = (seq, FORMAT, wall, self._boot, body.decode(), head.hash, digest)
        is_new = self._connection.execute(statement, row).rowcount == 1
        return Head(seq, digest) if is_new else head


def open_store(
    path: Path | str,
    *,
    clock: Clock,
    boot: str,
    verify: Verify | None = None,
    room_bytes: int = ROOM_BYTES,
    log_bytes: int = LOG_BYTES,
) -> Store:
    """Open (or make) the journal, alone; verify the last seal and the chain behind it.

    `verify` None: no seal is trusted, the chain is verified from its beginning.
    JournalError: somebody else holds it, it is no journal of ours, or it does not verify.
    """
    if not boot or "\n" in boot:
        raise ContractError("a boot id is one line")
    path = Path(path)
    lock = _locked(path)
    try:
        _make(path)
        connection = _connected(path)
        try:
            found = verify_store(connection, verify)
            _lengthen_log(Path(f"{path}-wal"), log_bytes, room_bytes)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError) as error:
        os.close(lock)
        raise JournalError(f"journal: cannot be opened, {code_of(error)}") from None
    except BaseException:
        os.close(lock)
        raise
    store = Store(connection, path, lock, clock, boot, room_bytes)
    store._head, store.recovered = found.head, found.ledger
    return store


def boot_id() -> str:
    """The kernel's id of this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


# --- inside -------------------------------------------------------------------------------------------------


def _locked(path: Path) -> int:
    """The writer's lock, held till its descriptor is closed or the process ends."""
    lock = -1
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)  # for people; the lock is the flock
    except OSError as error:
        with suppress(OSError):
            os.close(lock)
        if isinstance(error, BlockingIOError):
            raise JournalError("journal: another process writes it") from None
        raise JournalError(f"journal: cannot be locked, {code_of(error)}") from None
    return lock


def _make(path: Path) -> None:
    """The file (0600; WAL and index files take its mode) and its entry in the directory, both durable."""
    if path.exists():
        return
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _lengthen_log(log: Path, size: int, room_bytes: int) -> None:
    """Zeros behind what is there, which end the log as SQLite reads it. Not where the disk is nearly full."""
    disk = os.statvfs(log.parent)
    there = log.stat().st_size if log.exists() else 0
    if there >= size or disk.f_bavail * disk.f_frsize < size + room_bytes:
        return
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(file, bytes(size - there), there)
        os.fsync(file)
    finally:
        os.close(file)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    connection.text_factory = bytes
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA recursive_triggers = ON")  # so that REPLACE cannot delete past no_delete
        (level,) = connection.execute("PRAGMA synchronous").fetchone()
        if mode != b"wal" or level != 2:
            raise JournalError("journal: this file system offers no write-ahead log")
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            connection.executescript(_SCHEMA)
        must_be_ours(connection)
    except BaseException:
        connection.close()
        raise
    return connection
