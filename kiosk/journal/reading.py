"""Reading a journal: its records, chain, seals and balances. Nothing here writes. See store.py's essay."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from kiosk.errors import JournalError, PeerProtocolError
from kiosk.journal import ledger as books
from kiosk.journal.records import READABLE_FORMATS, AnyRecord, Checkpoint, Started
from kiosk.plain import Codec

GENESIS = bytes(32)
APPLICATION_ID = 0x4D41444F  # "MADO"
SCHEMA_VERSION = 1

Verify = Callable[[Checkpoint], bool]
"""Is this seal by a key that we trust?"""

CODEC: Codec[AnyRecord] = Codec(AnyRecord)
_DECODE: dict[int, Callable[[bytes], AnyRecord]] = {each: CODEC.decode for each in READABLE_FORMATS}
"""Per format: release N reads N-1, by a function that lifts the old shape to today's."""

_SELECT = "SELECT seq, format, wall, boot, record, prev, hash FROM records WHERE seq > ? ORDER BY seq"
_SEALED = (
    "SELECT seq FROM records WHERE json_extract(record, '$.type') = 'Checkpoint' ORDER BY seq DESC LIMIT 1"
)


class Head(NamedTuple):
    """The last record and its chain hash."""

    seq: int
    hash: bytes


class Verified(NamedTuple):
    """What verifying a journal found."""

    head: Head
    ledger: books.Ledger
    seals: int
    """Checkpoints whose signature and balances were checked."""


def open_for_reading(path: Path | str) -> sqlite3.Connection:
    """A connection that cannot write, beside the living core. JournalError when it is no journal of ours."""
    with sqlite_as_journal_error():
        connection = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
        connection.text_factory = bytes
        try:
            must_be_ours(connection)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def sqlite_as_journal_error() -> Iterator[None]:
    """What SQLite says about a damaged file is a JournalError for us."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"journal: cannot be read, {code_of(error)}") from None


@sqlite_as_journal_error()
def verify_store(connection: sqlite3.Connection, verify: Verify | None, *, is_full: bool = False) -> Verified:
    """Chain, seals and balances; JournalError at the first thing that is wrong.

    Not full: from the last seal that `verify` accepts. Full: everything, and each seal's balances are
    compared with the fold of the records themselves.
    """
    start = Head(0, GENESIS)
    ledger, seals = books.EMPTY, 0
    if verify is not None and not is_full and (seal := _last_seal(connection, verify)) is not None:
        start, ledger, seals = seal[0], seal[1], 1
    head = start
    for seq, form, digest, body in _chained(connection, start):
        record = _decoded(seq, form, body)
        if is_full and isinstance(record, Checkpoint) and verify is not None:
            _must_fit(seq, record, verify, head, ledger)
            seals += 1
        ledger = books.fold(ledger, seq, record)
        head = Head(seq, digest)
    return Verified(head, ledger, seals)


@sqlite_as_journal_error()
def mode_of(connection: sqlite3.Connection) -> str:
    """Of the machine that wrote its first Started; empty: none has, or one of before modes were written."""
    first = "SELECT record FROM records WHERE json_extract(record, '$.type') = 'Started' ORDER BY seq LIMIT 1"
    row = connection.execute(first).fetchone()
    record = CODEC.decode(row[0]) if row is not None else None
    return record.mode if isinstance(record, Started) else ""


@sqlite_as_journal_error()
def verify_chain(connection: sqlite3.Connection) -> Head:
    """Every hash of the journal, and nothing else. JournalError at the first that is wrong."""
    head = Head(0, GENESIS)
    for seq, _, digest, _ in _chained(connection, head):
        head = Head(seq, digest)
    return head


def records(connection: sqlite3.Connection, after: int = 0) -> Iterator[tuple[int, AnyRecord]]:
    """Every record behind `after`, in order. JournalError at one that this release does not read."""
    for seq, form, _, _, body, _, _ in connection.execute(_SELECT, (after,)):
        yield seq, _decoded(seq, form, body)


def timed_records(connection: sqlite3.Connection, after: int = 0) -> Iterator[tuple[int, str, AnyRecord]]:
    """The same with the wall time that was written beside each: for what people read."""
    with sqlite_as_journal_error():
        for seq, form, wall, _, body, _, _ in connection.execute(_SELECT, (after,)):
            yield seq, wall.decode(), _decoded(seq, form, body)


def chain_hash(prev: bytes, seq: int, form: int, wall: bytes, boot: bytes, body: bytes) -> bytes:
    return hashlib.sha256(b"%s%d\n%d\n%s\n%s\n%s" % (prev, seq, form, wall, boot, body)).digest()


def _chained(connection: sqlite3.Connection, start: Head) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Rows behind `start` as (seq, format, hash, body), each proven to follow the one before."""
    last, expected = start.hash, start.seq + 1
    for seq, form, wall, boot, body, prev, digest in connection.execute(_SELECT, (start.seq,)):
        try:
            is_next = seq == expected and prev == last
            is_next = is_next and chain_hash(last, seq, form, wall, boot, body) == digest
        except TypeError:  # not even the right types: another table in this one's place
            is_next = False
        if not is_next:
            raise JournalError(f"journal: the chain is broken at record {expected}")
        yield seq, form, digest, body
        last, expected = digest, seq + 1


def _decoded(seq: int, form: int, body: bytes) -> AnyRecord:
    decode = _DECODE.get(form)
    if decode is None:
        raise JournalError(f"journal: record {seq} is of a format that this release does not read")
    try:
        return decode(body)
    except PeerProtocolError:
        raise JournalError(f"journal: record {seq} is not understood") from None


def _last_seal(connection: sqlite3.Connection, verify: Verify) -> tuple[Head, books.Ledger] | None:
    """Where the last checkpoint lets us start; None: from the beginning. JournalError: its seal is false."""
    row = connection.execute(_SEALED).fetchone()
    if row is None:
        return None
    seq, form, _, _, body, _, _ = connection.execute(_SELECT, (row[0] - 1,)).fetchone()
    seal = _decoded(seq, form, body)
    if not isinstance(seal, Checkpoint):
        raise JournalError(f"journal: record {seq} is no checkpoint")
    sealed = connection.execute("SELECT hash FROM records WHERE seq = ?", (seal.upto,)).fetchone()
    if seal.upto >= seq or sealed is None or sealed[0].hex() != seal.head or not verify(seal):
        raise JournalError(f"journal: the seal at record {seq} is false")
    try:
        ledger = books.decode(seal.balances)
    except PeerProtocolError:
        return None  # balances in the shape of an older release: fold the records themselves
    return Head(seal.upto, sealed[0]), ledger


def _must_fit(seq: int, seal: Checkpoint, verify: Verify, before: Head, ledger: books.Ledger) -> None:
    """Full verification of one seal against the records themselves."""
    if seal.upto != before.seq or seal.head != before.hash.hex() or not verify(seal):
        raise JournalError(f"journal: the seal at record {seq} is false")
    try:
        sealed = books.decode(seal.balances)
    except PeerProtocolError:
        return  # an older release's shape: its signature is good, and nothing rests on it
    if sealed != ledger:
        raise JournalError(f"journal: the balances sealed at record {seq} are not those of the records")


def must_be_ours(connection: sqlite3.Connection) -> None:
    ids = connection.execute("PRAGMA application_id").fetchone()
    versions = connection.execute("PRAGMA user_version").fetchone()
    if ids != (APPLICATION_ID,) or versions != (SCHEMA_VERSION,):
        raise JournalError("journal: not a journal of this release")


def code_of(error: BaseException) -> str:
    """What went wrong, without any payload."""
    if isinstance(error, OSError):
        return f"errno {error.errno}"
    return getattr(error, "sqlite_errorname", type(error).__name__)
