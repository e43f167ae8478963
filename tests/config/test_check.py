"""kiosk-check: says what is in force, and whether the books are whole."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from kiosk import check
from kiosk.enrolment.keys import FileKey
from kiosk.journal import records as r
from kiosk.journal.checkpoint import seal
from kiosk.money import Yen
from tests.journal.story import opened, session, stock
from tests.journal.test_seals import write_key

ROOT = Path(__file__).parents[2]
EXAMPLES = [str(ROOT / "provisioning" / "config" / name) for name in ("machine.demo.toml", "town.demo.toml")]


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return write_key(tmp_path / "device")


@pytest.fixture
def journal(tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    path = tmp_path / "journal.db"
    for number in (1, 2):
        with closing(opened(path)) as store:
            store.append([*([stock()] if number == 1 else []), *session(number)])
        with closing(opened(path)) as store:
            store.append([seal(store.recovered, store.head[1], FileKey(keys[0]))])
    return path


def test_it_lists_every_value_and_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--config", EXAMPLES[0], "--config", EXAMPLES[1]]) == 0
    said = capsys.readouterr().out.splitlines()
    assert f"machine.kiosk = demo-0001    # {EXAMPLES[0]}:5" in said
    assert "timeouts_s.done = 20.0    # default" in said


def test_a_refused_configuration(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[machine]\nkioks = 1\n")
    assert check.main(["--config", str(bad)]) == check.BAD_CONFIG
    assert f"{bad}" in capsys.readouterr().err


def test_a_journal_that_is_whole_and_balances(
    journal: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main(["--journal", str(journal), "--key", str(keys[1])]) == 0
    said = capsys.readouterr().out
    assert "19 records, chain whole, seals 2 good" in said
    assert "balances to 0 yen" in said
    assert check.main(["--journal", str(journal)]) == 0
    assert "seals not checked" in capsys.readouterr().out


def test_nothing_is_restarted_while_a_transaction_is_open(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = ["--is-idle", "--journal", str(journal)]
    assert check.main(question) == check.GOOD
    whole = session(3)
    opening = next(at for at, record in enumerate(whole) if isinstance(record, r.TransactionOpened))
    with closing(opened(journal)) as store:
        store.append(whole[: opening + 1])
    assert check.main(question) == check.BUSY
    assert check.main(["--journal", str(journal)]) == check.GOOD
    with closing(opened(journal)) as store:
        store.append(whole[opening + 1 :])
    assert check.main(question) == check.GOOD
    assert check.main(["--is-idle"]) == check.USAGE
    assert "kiosk-check" in capsys.readouterr().err


def test_the_same_for_machines(
    journal: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--config", EXAMPLES[0], "--config", EXAMPLES[1]]
    assert check.main([*arguments, "--journal", str(journal), "--key", str(keys[1]), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["journal"]["balances"] == {
        "in_units": 5200,
        "float": 5000,
        "receipts": 200,
        "held": 0,
        "held_cashless": 0,
        "in_doubt_cashless": 0,
        "owed_cashless": 0,
        "in_doubt": 0,
        "unassigned": 0,
        "owed_on_slips": 0,
        "redeemed_at_counter": 0,
        "difference": 0,
    }
    assert report["journal"]["receipts"] == {"juminhyo/cash": {"count": 2, "yen": 200}}
    assert report["journal"]["imbalances"] == []
    assert any(each["name"] == "machine.mode" for each in report["settings"])


def test_a_journal_that_does_not_balance(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(opened(journal)) as store:
        store.append([r.PayoutDecided("o", "nobody", "return", Yen(100))])
    assert check.main(["--journal", str(journal)]) == check.NO_BALANCE
    assert "DOES NOT BALANCE: 20: a payout" in capsys.readouterr().out


def test_a_journal_that_was_touched(
    journal: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("DROP TRIGGER no_update")
        connection.execute("UPDATE records SET record = replace(record, 'officer', 'nobody!') WHERE seq = 1")
        connection.commit()
    assert check.main(["--journal", str(journal), "--key", str(keys[1])]) == check.BAD_JOURNAL
    assert "broken at record 1" in capsys.readouterr().err


def test_a_journal_whose_pages_are_damaged(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(journal.read_bytes())
    data[4096 : len(data)] = bytes(len(data) - 4096)
    journal.write_bytes(bytes(data))
    assert check.main(["--journal", str(journal)]) == check.BAD_JOURNAL
    assert "journal:" in capsys.readouterr().err


def test_wrong_questions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([]) == 2
    assert check.main(["--journal"]) == 2
    assert check.main(["--journal", str(tmp_path / "none.db")]) == check.BAD_JOURNAL
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(SystemExit) as caught:
        check.main(["--nonsense"])
    assert caught.value.code == 2
    capsys.readouterr()


AS_OWNER = """
import os, sys
os.setgroups([]); os.setgid(64010); os.setuid(64010)
from pathlib import Path
from kiosk.journal import records as r
from tests.journal.story import opened
store = opened(Path(sys.argv[1]))
print(store.append([r.Stopped()])[0])
store.close()
"""


@pytest.mark.system
def test_root_may_look_and_the_core_still_starts(journal: Path) -> None:
    """A check as root leaves no file behind that the core's own user cannot open."""
    place = Path(tempfile.mkdtemp(prefix="kc", dir="/run"))
    try:
        moved = place / "journal.db"
        moved.write_bytes(journal.read_bytes())
        for each in (place, moved):
            os.chown(each, 64010, 64010)
        for expected in ("20", "21"):
            assert check.main(["--journal", str(moved)]) == 0
            result = subprocess.run(
                [sys.executable, "-c", AS_OWNER, str(moved)],
                capture_output=True,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                cwd="/",
                check=False,
            )
            assert result.stdout.strip() == expected, result.stderr
    finally:
        subprocess.run(["rm", "-r", str(place)], check=True)
