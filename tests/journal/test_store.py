"""The store: durable, append-only, alone, and dead at the first failure."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.errors import ContractError, JournalError
from kiosk.journal import reading
from kiosk.journal import records as r
from kiosk.journal.ledger import EMPTY, fold, imbalances
from kiosk.journal.reading import open_for_reading, verify_chain, verify_store
from kiosk.journal.store import Store, boot_id, open_store
from tests.journal.story import coin, opened, session, stock

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def fill(path: Path, sessions: int = 3) -> list[r.AnyRecord]:
    """A journal with some sessions, each record appended alone; what is in it."""
    written = [stock(), *(each for number in range(1, sessions + 1) for each in session(number))]
    with closing(opened(path)) as store:
        for record in written:
            store.append([record])
    return written


def plain(path: Path) -> sqlite3.Connection:
    """Somebody with the file and SQLite, but without us."""
    return sqlite3.connect(path, isolation_level=None)


def test_what_is_appended_is_there_after_a_restart_in_order(path: Path) -> None:
    written = fill(path)
    with closing(opened(path)) as store:
        assert [record for _, record in store.records()] == written
        assert [seq for seq, _ in store.records()] == list(range(1, len(written) + 1))
        assert [seq for seq, _ in store.records(after=3)][:1] == [4]
        expected = EMPTY
        for seq, record in enumerate(written, 1):
            expected = fold(expected, seq, record)
        assert store.recovered == expected
        assert imbalances(store.recovered) == ()
        assert store.append([r.Stopped()]) == [len(written) + 1]
        assert store.head[0] == len(written) + 1


def test_a_batch_is_numbered_in_order_and_nothing_is_nothing(path: Path) -> None:
    with closing(opened(path)) as store:
        assert store.append([stock(), r.Stopped()]) == [1, 2]
        assert store.append([]) == []
        assert store.head[0] == 2


def test_no_clock_has_a_say_in_order_or_balance(path: Path, tmp_path: Path) -> None:
    """The clock of one jumps back an hour at every record; opened again or twice, the books are the same."""
    fill(path)
    written = [stock(), *(each for number in (1, 2, 3) for each in session(number))]
    with closing(open_store(tmp_path / "other.db", clock=SystemClock(), boot="other")) as store:
        store.append(written)
    found = []
    for each in (path, path, tmp_path / "other.db"):
        with closing(opened(each)) as store:
            found.append(store.recovered)
    assert found[0] == found[1] == found[2]


def test_a_replayed_piece_is_a_duplicate_and_is_written_once(path: Path) -> None:
    with closing(opened(path)) as store:
        assert store.append([coin(1), coin(1), coin(2)]) == [1, 0, 2]
        assert store.append([coin(2), coin(3), coin(1)]) == [0, 3, 0]
        assert store.append([coin(1, serial="S2"), coin(1, epoch=2)]) == [4, 5]
        assert store.append([coin(1, tx="a" * 32)]) == [0]  # the same piece, whoever claims it
    with closing(opened(path)) as store:
        assert store.append([coin(3)]) == [0]
        assert store.recovered.unassigned.total.value == 500


def test_a_failed_batch_leaves_nothing_and_the_store_is_dead(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, 1)
    store = opened(path)
    real, calls = Store._insert, []

    def failing(self: Store, *args: object) -> object:
        calls.append(args)
        if len(calls) == 2:
            raise sqlite3.OperationalError("disk I/O error: a secret in the text")
        return real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "_insert", failing)
    with pytest.raises(JournalError) as caught:
        store.append([coin(90), coin(91), coin(92)])
    assert "secret" not in str(caught.value)
    monkeypatch.setattr(Store, "_insert", real)
    for again in (lambda: store.append([coin(93)]), store.reserve, store.records):
        with pytest.raises(JournalError):
            again()
    store.close()
    with closing(opened(path)) as store:
        assert store.head[0] == 9


def test_an_interrupt_in_the_middle_of_an_append_is_a_failure_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(path)

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "_insert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.append([coin(1)])
    with pytest.raises(JournalError):
        store.append([stock()])
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET record = '{}' WHERE seq = 2",
        "UPDATE records SET wall = '' WHERE seq = 2",
        "DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)",
        "DELETE FROM records",
        "INSERT INTO records SELECT seq + 2, format, wall, boot, '{}', hash, prev FROM records WHERE seq = 9",
        "INSERT INTO records SELECT seq + 1, format, wall, boot, '{}', prev, prev FROM records WHERE seq = 9",
        "INSERT OR REPLACE INTO records SELECT 2, format, wall, boot, '{}', prev, hash FROM records WHERE seq = 2",
        "INSERT INTO records SELECT seq + 1, format, wall, boot, (SELECT record FROM records WHERE seq = 3), hash, hash"
        " FROM records ORDER BY seq DESC LIMIT 1",
        "INSERT OR REPLACE INTO records SELECT seq + 1, format, wall, boot, (SELECT record FROM records WHERE seq = 3),"
        " hash, hash FROM records ORDER BY seq DESC LIMIT 1",
    ],
)
def test_the_database_itself_refuses_every_change(path: Path, statement: str) -> None:
    written = fill(path, 1)
    with closing(plain(path)) as connection:
        connection.execute("PRAGMA recursive_triggers = ON")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
    with closing(opened(path)) as store:
        assert [record for _, record in store.records()] == written


TAMPERING = {
    "a record": "UPDATE records SET record = replace(record, '100', '900') WHERE seq = 3",
    "the wall time": "UPDATE records SET wall = '2030-01-01' WHERE seq = 3",
    "the boot": "UPDATE records SET boot = 'x' WHERE seq = 3",
    "the format": "UPDATE records SET format = 0 WHERE seq = 3",
    "a hash": "UPDATE records SET hash = zeroblob(32) WHERE seq = 3",
    "a link": "UPDATE records SET prev = zeroblob(32) WHERE seq = 3",
    "one taken out": "DELETE FROM records WHERE seq = 3",
    "the first taken out": "DELETE FROM records WHERE seq = 1",
    "the order": "UPDATE records SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4);"
    " UPDATE records SET seq = -seq WHERE seq < 0",
    "not even text": "PRAGMA writable_schema = 1; ALTER TABLE records RENAME TO was;"
    " CREATE TABLE records AS SELECT * FROM was; UPDATE records SET record = NULL WHERE seq = 3",
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found(path: Path, what: str) -> None:
    fill(path, 1)
    with closing(plain(path)) as connection:
        for trigger in ("no_update", "no_delete", "in_order"):
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.executescript(TAMPERING[what])
    with closing(open_for_reading(path)) as connection:
        with pytest.raises(JournalError, match=r"broken at record [13]"):
            verify_chain(connection)
    with pytest.raises(JournalError):
        opened(path)


def test_a_reader_beside_the_living_writer_sees_all_and_cannot_write(path: Path) -> None:
    fill(path, 1)
    with closing(opened(path)) as store, closing(open_for_reading(path)) as connection:
        store.append([r.Stopped()])
        assert verify_chain(connection).seq == 10
        found = verify_store(connection, None, is_full=True)
        assert found.head.hash.hex() == store.head[1]
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DROP TABLE records")


def test_one_writer_only(path: Path) -> None:
    with closing(opened(path)) as store:
        with pytest.raises(JournalError, match="another process writes it"):
            opened(path)
        store.append([stock()])
    opened(path).close()


HOLD = """
import sys
from pathlib import Path
from tests.journal.story import opened, coin
store = opened(Path(sys.argv[1]))
n = 0
while True:
    n += 1
    print(store.append([coin(n)])[0], flush=True)
"""


def child(script: str, *args: str, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, "-c", script, *args]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


@pytest.mark.parametrize("after", [1, 7, 30])
def test_a_killed_writer_loses_nothing_it_was_told_and_its_lock(path: Path, after: int) -> None:
    with child(HOLD, str(path)) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(after)]
        with pytest.raises(JournalError):
            opened(path)
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(each) for each in process.stdout.read().split("\n")[:-1]]
    with closing(opened(path)) as store:
        assert acknowledged == list(range(1, len(acknowledged) + 1))
        assert store.head[0] in {len(acknowledged), len(acknowledged) + 1}


def test_a_forked_child_may_not_append(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(opened(path)) as store:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(ContractError):
            store.append([stock()])


def test_only_the_owner_can_read_it(path: Path) -> None:
    with closing(opened(path)) as store:
        store.append([stock()])
        for each in path.parent.iterdir():
            assert stat.S_IMODE(each.stat().st_mode) & 0o077 == 0, each.name


def test_no_room_is_said_before_money_is_taken_and_what_is_begun_goes_on(path: Path) -> None:
    with closing(opened(path, room_bytes=2**62)) as store:
        with pytest.raises(JournalError):
            store.reserve()
        assert store.append([stock()]) == [1]
    with closing(opened(path)) as store:
        store.reserve()
        assert store.free_bytes > 0


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read as one" * 40, b"\0" * 4096])
def test_another_file_in_its_place_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalError):
        opened(path)
    assert path.read_bytes() == content


def test_another_database_in_its_place_is_refused(path: Path) -> None:
    with closing(plain(path)) as connection:
        connection.execute("CREATE TABLE somebody_elses (x)")
    with pytest.raises(JournalError, match="not a journal of this release"):
        opened(path)
    with pytest.raises(JournalError, match="not a journal of this release"):
        open_for_reading(path)


def test_a_missing_folder_is_a_journal_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        opened(tmp_path / "nowhere" / "journal.db")
    with pytest.raises(JournalError):
        open_for_reading(tmp_path / "nowhere" / "journal.db")


def test_the_format_before_is_read_and_an_unknown_one_is_not(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(path)) as store:
        monkeypatch.setattr("kiosk.journal.store.FORMAT", 0)
        store.append([r.Stopped()])
    monkeypatch.undo()
    with pytest.raises(JournalError, match="format that this release does not read"):
        opened(path)
    lifted = {**reading._DECODE, 0: lambda body: r.Started("lifted", body.decode()[:1])}
    monkeypatch.setattr(reading, "_DECODE", lifted)
    with closing(opened(path)) as store:
        store.append([stock()])
        assert [record for _, record in store.records()] == [r.Started("lifted", "{"), stock()]


def test_a_record_that_nobody_understands_is_a_journal_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(path)) as store:
        monkeypatch.setattr(
            "kiosk.journal.store.CODEC", type("", (), {"encode": lambda _, __: b'{"type":"New"}'})()
        )
        store.append([r.Stopped()])
    monkeypatch.undo()
    with pytest.raises(JournalError, match="not understood"):
        opened(path)


def test_a_boot_id_is_one_line() -> None:
    assert "\n" not in boot_id() and boot_id()
