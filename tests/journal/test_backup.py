"""A journal is copied beside its writer, brought back whole, and ended with a protocol; no false copy is believed."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kiosk.daemon import journal_tool
from kiosk.errors import JournalError
from kiosk.journal import backup
from kiosk.journal import records as r
from kiosk.journal.reading import open_for_reading, verify_store
from kiosk.ports import Event, Outcome, PrintSlip, SlipPrinted
from tests.journal.story import opened, session, stock

ROOT = Path(__file__).parents[2]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    write(path, [stock(), *session(1)])
    return path


def write(path: Path, records: list[r.AnyRecord]) -> None:
    with closing(opened(path)) as store:
        store.append(records)


def head(path: Path) -> str:
    with closing(open_for_reading(path)) as connection:
        return verify_store(connection, None, is_full=True).head.hash.hex()


def test_a_backup_is_made_beside_the_writer_and_is_the_whole_of_that_moment(
    journal: Path, tmp_path: Path
) -> None:
    with closing(opened(journal)) as store:
        found = backup.back_up(journal, tmp_path / "copy", None)
        store.append(session(2))
        assert found.head.hash.hex() != store.head[1]
    assert head(tmp_path / "copy") == found.head.hash.hex()
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("*copy*")) == ["copy"]
    with pytest.raises(JournalError, match="never written over"):
        backup.back_up(journal, tmp_path / "copy", None)


def test_a_journal_that_does_not_verify_is_not_copied(journal: Path, tmp_path: Path) -> None:
    spoil(journal)
    with pytest.raises(JournalError):
        backup.back_up(journal, tmp_path / "copy", None)
    assert list(tmp_path.glob("*copy*")) == []


def spoil(path: Path) -> None:
    """Somebody with the file changes an amount."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER no_update")
        connection.execute("UPDATE records SET record = replace(record, '100', '500') WHERE seq = 3")
        connection.commit()


def test_a_damaged_journal_is_replaced_and_kept(journal: Path, tmp_path: Path) -> None:
    backup.back_up(journal, tmp_path / "copy", None)
    whole = head(journal)
    journal.write_bytes(b"not a journal")
    assert backup.restore(tmp_path / "copy", journal, None).head.hash.hex() == whole
    assert head(journal) == whole
    assert (tmp_path / "journal.db.before").read_bytes() == b"not a journal"
    write(journal, session(2))  # it lives on


def test_what_a_whole_journal_knows_is_never_forgotten(journal: Path, tmp_path: Path) -> None:
    backup.back_up(journal, tmp_path / "copy", None)
    write(journal, session(2))
    whole = head(journal)
    with pytest.raises(JournalError, match="does not hold all of it"):
        backup.restore(tmp_path / "copy", journal, None)
    assert head(journal) == whole
    backup.back_up(journal, tmp_path / "newer", None)
    backup.restore(tmp_path / "newer", journal, None)
    assert head(journal) == whole


def test_a_false_backup_and_a_running_core_are_refused(journal: Path, tmp_path: Path) -> None:
    backup.back_up(journal, tmp_path / "copy", None)
    with closing(opened(journal)), pytest.raises(JournalError, match="the core runs"):
        backup.restore(tmp_path / "copy", journal, None)
    spoil(tmp_path / "copy")
    before = journal.read_bytes()
    with pytest.raises(JournalError):
        backup.restore(tmp_path / "copy", journal, None)
    assert journal.read_bytes() == before


# --- the commands ------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., int]:
    """`kiosk-journal` on a machine that lies in a folder and is not enrolled any more."""
    text = (ROOT / "provisioning/config/machine.demo.toml").read_text(encoding="utf-8")
    (tmp_path / "machine.toml").write_text(
        text.replace("/var/lib/madoguchi", str(tmp_path)), encoding="utf-8"
    )
    (tmp_path / "enrolment/id-1").mkdir(parents=True)
    (tmp_path / "enrolment/id-1/device.key").write_text("a key")
    (tmp_path / "enrolment/device.key").symlink_to("id-1/device.key")
    files = (tmp_path / "machine.toml", ROOT / "provisioning/config/town.demo.toml")
    words = [word for file in files for word in ("--config", str(file))]
    return lambda *verb: journal_tool.main([*words, *map(str, verb)])


def test_backup_and_restore_as_commands(
    machine: Callable[..., int], journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine("backup", tmp_path / "b") == journal_tool.DONE
    assert head(journal) in capsys.readouterr().out
    assert machine("restore", tmp_path / "b") == journal_tool.DONE
    assert machine("restore", tmp_path / "none") == journal_tool.REFUSED


def words_of_the_end(tmp_path: Path, **other: str) -> list[Any]:
    words = {"kiosk": "demo-0001", "reason": "moved out", "backup": str(tmp_path / "last.db")} | other
    given = [word for key, value in words.items() for word in (f"--{key}", value)]
    return ["decommission", *given, "--slip", tmp_path / "slip.txt", "--no-trim"]


def test_a_machine_with_money_inside_is_not_ended(
    machine: Callable[..., int], journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine(*words_of_the_end(tmp_path)) == journal_tool.REFUSED
    assert "money in its units" in capsys.readouterr().err
    assert machine(*words_of_the_end(tmp_path, kiosk="demo-0002")) == journal_tool.REFUSED
    assert journal.exists() and (tmp_path / "enrolment/id-1/device.key").read_text() == "a key"
    assert not (tmp_path / "last.db").exists() and not (tmp_path / "slip.txt").exists()


class Printer:
    """A receipt printer's driver, as the registry gives one."""

    devices = ()

    def __init__(self, post: Callable[[Event], None], outcome: Outcome) -> None:
        self.post, self.outcome = post, outcome
        self.lines: list[str] = []

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def perform(self, command: PrintSlip) -> None:
        self.lines = [line.text for line in command.slip.lines]
        self.post(SlipPrinted(command.op, command.device, self.outcome))


def test_an_empty_machine_is_ended_with_a_protocol(
    machine: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(tmp_path / "journal.db", [r.Started("0.1.0", "boot"), r.Stopped()])
    last = head(tmp_path / "journal.db")
    made: list[Printer] = []

    def factory(_: object, __: object, post: Callable[[Event], None]) -> Printer:
        made.append(Printer(post, Outcome.CONFIRMED))
        return made[0]

    monkeypatch.setattr("drivers.registry.driver", lambda _: factory)
    assert machine(*words_of_the_end(tmp_path), "--print") == journal_tool.DONE
    assert "slip: printed" in capsys.readouterr().out
    assert not (tmp_path / "journal.db").exists()
    assert [path for path in (tmp_path / "enrolment").rglob("*") if not path.is_dir()] == []
    assert head(tmp_path / "last.db") == last
    slip = (tmp_path / "slip.txt").read_text(encoding="utf-8")
    digest = subprocess.run(["sha256sum", tmp_path / "last.db"], capture_output=True, text=True, check=True)
    for words in (last[:32], last[32:], digest.stdout[:32], "moved out", "id-1/device.key", "demo-0001"):
        assert words in slip
    assert made[0].lines == slip.splitlines()
