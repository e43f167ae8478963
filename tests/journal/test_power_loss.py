"""The power is cut behind every operation on the disk, and every image that the disk may then hold is opened.

`kill -9` does not test a sync: the kernel still has the pages. Here a shim writes down what SQLite and we told the
kernel (power_log.c), a model says what may survive (power.py), and the store is opened on each: it finds whole batches
of what was written, from the first on, with all that was acknowledged, and goes on from there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from itertools import accumulate
from pathlib import Path

import pytest

from kiosk.journal import records as r
from tests.journal.power import Op, images, read_log
from tests.journal.power_story import batches
from tests.journal.story import opened

Batches = list[list[r.AnyRecord]]
ROOT = Path(__file__).parents[2]
IMAGES_IN_CI = 900
"""Of some three thousand: each n-th, so that every part of the history is met. `make campaign` opens all of a longer
life."""

SCRIPT = """
import sys
from ctypes import CDLL
from pathlib import Path
from tests.journal.power_story import batches
from tests.journal.story import opened
mark = CDLL(None).power_mark
LOG = 3 * (4096 + 24)  # made beforehand, and outgrown
store = opened(Path(sys.argv[1]), log_bytes=LOG)
store._connection.execute("PRAGMA wal_autocheckpoint = 12")  # so that a short history has what a long one has
done = 0
for batch in batches():
    store.append(batch)
    done += len(batch)
    mark(done)
    if done == 9:
        store.close()
        store = opened(Path(sys.argv[1]), log_bytes=LOG)
        store._connection.execute("PRAGMA wal_autocheckpoint = 12")
"""


def shim(place: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    made = place / "power_log.so"
    source = Path(__file__).with_name("power_log.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    return made


def logged(place: Path, library: Path, change: str = "") -> list[Op]:
    """One short life of a journal: made, written to, closed, opened again, checkpointed, written to."""
    disk, log = place / "disk", place / "log"
    disk.mkdir()
    subprocess.run(
        [sys.executable, "-c", change + SCRIPT, str(disk / "journal.db")],
        check=True,
        timeout=120,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LD_PRELOAD": str(library),
            "POWER_DIR": str(disk),
            "POWER_LOG": str(log),
        },
    )
    return read_log(log)


def whole(history: Batches) -> set[int]:
    """Numbers of records between which nothing is: a batch is there or not."""
    return {0, *accumulate(len(each) for each in history)}


def opens_well(image: dict[str, bytes], acknowledged: int, story: Batches) -> int:
    """How many records came back."""
    history = [each for batch in story for each in batch]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as made:
        for name, content in image.items():
            (Path(made) / name).write_bytes(content)
        path = Path(made) / "journal.db"
        with closing(opened(path)) as store:
            found = [record for _, record in store.records()]
            assert found == history[: len(found)], "what came back is no prefix of what was written"
            assert len(found) in whole(story), "a part of what belongs together came back"
            assert len(found) >= acknowledged, f"{acknowledged} were acknowledged, {len(found)} are there"
            assert store.append([r.Stopped()]) == [len(found) + 1]
        with closing(opened(path)) as store:
            assert store.head[0] == len(found) + 1
        return len(found)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> list[Op]:
    place = tmp_path_factory.mktemp("power")
    return logged(place, shim(place))


def test_the_shim_saw_what_a_journal_does(log: list[Op]) -> None:
    kinds = [op.kind for op in log]
    assert kinds.count("M") == len(batches())
    assert {"W", "S", "D", "C"} <= set(kinds)
    assert any(op.kind == "W" and op.name == "journal.db" for op in log), "no checkpoint was met"
    names = {".", "journal.db", "journal.db-wal", "journal.db-journal"}  # the last before WAL mode is on
    assert {op.name for op in log} == names


def test_every_disk_that_a_power_cut_may_leave(log: list[Op]) -> None:
    history = batches()
    found = list(images(log))
    assert len(found) > IMAGES_IN_CI
    counts = {
        opens_well(image, acknowledged, history)
        for acknowledged, image in found[:: max(1, len(found) // IMAGES_IN_CI)]
    }
    assert {0, max(whole(history))} <= counts, "from nothing to everything"


NO_SYNC = """
from kiosk.journal import store as module
real = module._connected
def hasty(path):
    connection = real(path)
    connection.execute("PRAGMA synchronous = OFF")
    return connection
module._connected = hasty
"""


def test_the_model_finds_a_journal_that_does_not_sync(tmp_path: Path) -> None:
    """The test of the test: without its syncs the same journal loses what it acknowledged."""
    hasty = logged(tmp_path, shim(tmp_path), NO_SYNC)
    history = batches()
    with pytest.raises(Exception, match="acknowledged"):
        for acknowledged, image in images(hasty):
            if acknowledged:
                opens_well(image, acknowledged, history)
