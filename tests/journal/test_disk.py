"""What the disk can do to us: torn tails, syncs that fail, no room. Nothing acknowledged is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.errors import JournalError
from kiosk.journal import records as r
from kiosk.journal.ledger import imbalances
from tests.journal.story import coin, opened, session, stock

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Image:
    """The files of a journal as they lay on the disk before anybody closed it."""

    database: bytes
    log: bytes
    shared: bytes
    written: list[r.AnyRecord]
    acknowledged_at: list[int]
    """Length of the log when each record was acknowledged."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    path = tmp_path_factory.mktemp("image") / "journal.db"
    written = [stock(), *session(1), *session(2)]
    with closing(opened(path)) as store:
        lengths = []
        for record in written:
            store.append([record])
            lengths.append(Path(f"{path}-wal").stat().st_size)
        main, wal, shm = (Path(f"{path}{each}").read_bytes() for each in ("", "-wal", "-shm"))
    return Image(main, wal, shm, written, lengths)


FRAME = 24 + 4096
"""sqlite.org/fileformat2.html §4.1: frame header and page."""


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_torn_tail_opens_to_an_earlier_journal(image: Image, data: st.DataObject) -> None:
    """Cut, zeroed or garbled anywhere: what opens is a prefix, and all that was acknowledged before the tear."""
    frames = st.builds(
        lambda n, d: n * FRAME + 32 + d, st.integers(0, len(image.log) // FRAME), st.integers(-2, 2)
    )
    tear = min(len(image.log), max(0, data.draw(st.integers(0, len(image.log)) | frames)))
    lost = len(image.log) - tear
    tail = data.draw(st.sampled_from(["cut", "zeros", "garbage"]))
    rest = {"cut": b"", "zeros": bytes(lost), "garbage": os.urandom(lost)}[tail]
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "journal.db"
        path.write_bytes(image.database)
        Path(f"{path}-wal").write_bytes(image.log[:tear] + rest)
        if data.draw(st.booleans()):
            Path(f"{path}-shm").write_bytes(image.shared)
        with closing(opened(path)) as store:
            found = [record for _, record in store.records()]
            assert found == image.written[: len(found)]
            assert len(found) >= sum(length <= tear for length in image.acknowledged_at)
            assert not [each for each in imbalances(store.recovered) if "closed" in each]
            assert store.append([r.Stopped()]) == [len(found) + 1]  # and it goes on from there
        with closing(opened(path)) as store:
            assert store.head[0] == len(found) + 1


# --- syncs --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    made = tmp_path_factory.mktemp("shim") / "sync_fault.so"
    source = Path(__file__).with_name("sync_fault.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    return made


def run(script: str, path: Path, **environment: str) -> list[str]:
    """What this script says about this journal, in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", PREAMBLE + script, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


PREAMBLE = """
import sys
from ctypes import CDLL
from pathlib import Path
from kiosk.errors import JournalError
from tests.journal.story import coin, opened, stock
path = Path(sys.argv[1])
"""


@pytest.mark.system
def test_an_append_is_synced_before_it_returns(shim: Path, tmp_path: Path) -> None:
    script = """
syncs = CDLL(None).sync_calls
store = opened(path)
for n in range(1, 21):
    before = syncs()
    store.append([coin(n)])
    print(syncs() - before)
"""
    counts = [int(each) for each in run(script, tmp_path / "journal.db", LD_PRELOAD=str(shim))]
    assert len(counts) == 20
    assert min(counts) >= 1


@pytest.mark.system
def test_a_failed_sync_is_final(shim: Path, tmp_path: Path) -> None:
    """Every sync of opening and appending fails once: what was acknowledged is there, and nothing came after."""
    script = """
try:
    store = opened(path, log_bytes=4 * (4096 + 24))
except JournalError:
    print("closed"); sys.exit()
for n in range(1, 6):
    try:
        store.append([coin(n)])
        print(n)
    except JournalError:
        for again in (lambda: store.append([coin(n)]), store.reserve):
            try:
                again()
                print("alive")
            except JournalError:
                pass
        print("dead"); break
"""
    ends = []
    for fail_at in range(1, 16):
        path = tmp_path / f"{fail_at}.db"
        said = run(script, path, LD_PRELOAD=str(shim), SYNC_FAIL_AT=str(fail_at))
        assert "alive" not in said
        ends.append(said[-1])
        acknowledged = [int(each) for each in said if each.isdigit()]
        with closing(opened(path)) as store:
            assert store.head[0] in {
                len(acknowledged),
                len(acknowledged) + 1,
            }  # a failed one may be there: unknown
    assert ends.count("dead") == 5  # one for each append
    assert "closed" in ends
    assert ends[-1] == "5"


# --- no room ------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 KiB. Mounted in this mount namespace: root only."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", place], check=False)
    if mounted.returncode:
        pytest.skip("needs to mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.system
def test_a_full_disk_is_said_first_then_final_and_nothing_acknowledged_is_lost(small_disk: Path) -> None:
    path = small_disk / "journal.db"
    store = opened(path, room_bytes=128 * 1024)
    store.reserve()
    acknowledged, was_warned = 0, False
    with pytest.raises(JournalError, match=r"SQLITE_(FULL|IOERR)"):
        for number in range(1, 10_000):
            try:
                store.reserve()
            except JournalError:
                was_warned = True
            store.append([coin(number)])
            acknowledged = number
    assert was_warned and acknowledged > 10
    with pytest.raises(JournalError):
        store.append([coin(1)])
    store.close()
    image = small_disk.parent / "rescued"
    shutil.copytree(small_disk, image)
    with closing(opened(image / "journal.db")) as rescued:
        assert rescued.head[0] in {acknowledged, acknowledged + 1}
