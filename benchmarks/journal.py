"""The journal's figures: a durable append against the bare disk, a start, a full verification.

    python -m benchmarks.journal [DIRECTORY]      (the table in journal.md)

The append is compared with write + fdatasync of as many bytes as SQLite wrote to its log, appended to a file on the
same disk, turn by turn in the same run; the figures are of the middle one of five rounds. Our log has its length
beforehand and the bare file grows, as a file does that one appends to; what the same bytes take in a file that has
its length already stands beside it.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.journal import records as r
from kiosk.journal.checkpoint import seal
from kiosk.journal.ledger import EMPTY, fold, imbalances
from kiosk.journal.reading import open_for_reading, verify_chain, verify_store
from kiosk.journal.store import LOG_BYTES, open_store
from kiosk.money import Cash, Denomination, Yen

COIN100 = Denomination.COIN100


def session(number: int) -> list[r.AnyRecord]:
    """One certificate paid with three coins, with change, from the first record to the last."""
    tx, line = f"{number:032x}", f"{number + 10**9:032x}"
    ordered = r.OrderedLine(line, "juminhyo", Yen(200), f"R7-{number:06d}", 1)
    coins = [
        r.CoinIn("coin1", 1, number * 3 + each, each, COIN100, "hopper100", "12345", tx) for each in range(3)
    ]
    return [
        r.TransactionOpened(tx, f"{number % 10_000:04d}", Yen(200), (ordered,)),
        *coins,
        r.CommitIntended(tx, line),
        r.LineCommitted(tx, line),
        r.PrintIntended("p" + tx, tx, line, "certificate1", 1),
        r.PrintSettled("p" + tx, tx, line, "confirmed", 1),
        r.LineBooked(tx, line, "juminhyo", Yen(200), "cash"),
        r.PayoutDecided("o" + tx, tx, "change", Yen(100)),
        r.DispenseIntended("d" + tx, "o" + tx, tx, "hopper100", COIN100, 1, 7, 900, "777"),
        r.DispenseSettled("d" + tx, tx, "hopper100", COIN100, 1, 1, "confirmed"),
        r.PrintedReported(tx, line),
        r.TransactionClosed(tx, "issued"),
    ]


def history(count: int) -> Iterator[r.AnyRecord]:
    """`count` records of a busy kiosk."""
    yield r.StockSet("hopper100", Cash({COIN100: 100}), "example-officer")
    number, left = 1, count - 1
    while left > 0:
        for each in session(number)[:left]:
            yield each
            left -= 1
        number += 1


def timed(what: Callable[[], object]) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def p(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def durable_append(place: Path) -> list[tuple[str, str, str]]:
    """The middle of five rounds, by their ratio."""
    rounds = sorted((append_round(place, number) for number in range(5)), key=lambda each: each[-1])
    size, bare, ours, p99, within, ratio = rounds[2]
    return [
        ("bytes per append, median", f"{size:.0f}", ""),
        ("write + fdatasync, median", f"{bare * 1e3:.3f} ms", ""),
        ("append, median", f"{ours * 1e3:.3f} ms", ""),
        ("append, p99", f"{p99 * 1e3:.3f} ms", ""),
        ("append / bare", f"{ratio:.2f}", "<= 1.30"),
        ("write + fdatasync within a file that has its length, median", f"{within * 1e3:.3f} ms", ""),
    ]


def append_round(place: Path, number: int, turns: int = 300) -> tuple[float, ...]:
    """Bytes, bare, ours (medians), our p99, bare within a file that has its length, ratio."""
    store = open_store(place / f"append{number}.db", clock=SystemClock(), boot="bench")
    shared = place / f"append{number}.db-shm"
    records = [each for at in range(turns // 14 + 1) for each in session(at + 1)]
    bare = os.open(place / f"bare{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    full = os.open(place / f"full{number}", os.O_WRONLY | os.O_CREAT)
    os.write(full, bytes(LOG_BYTES))
    os.fsync(full)
    os.lseek(full, 0, os.SEEK_SET)
    ours: list[float] = []
    theirs: list[float] = []
    within: list[float] = []
    sizes: list[int] = []
    for record in records[:turns]:
        before = _frames(shared)
        ours.append(timed(partial(store.append, [record])))
        frames = _frames(shared) - before
        if frames <= 0:  # the log began anew: not a plain append
            ours.pop()
            continue
        sizes.append(frames * FRAME_BYTES)
        data = os.urandom(sizes[-1])
        theirs.append(timed(partial(_write, bare, data)))
        within.append(timed(partial(_write, full, data)))
    os.close(bare)
    os.close(full)
    store.close()
    bare_s, ours_s = statistics.median(theirs), statistics.median(ours)
    rest = (statistics.median(within), ours_s / bare_s)
    return statistics.median(sizes), bare_s, ours_s, p(ours, 0.99), *rest


FRAME_BYTES = 24 + 4096


def _frames(shared: Path) -> int:
    """Frames in SQLite's log, by its index (sqlite.org/walformat.html: mxFrame)."""
    with shared.open("rb") as file:
        return int.from_bytes(file.read(20)[16:], sys.byteorder)


def _write(bare: int, data: bytes) -> None:
    os.write(bare, data)
    os.fdatasync(bare)


class _NoKey:
    """The seal's signature is not what is measured."""

    key_id = "none"

    def sign(self, message: bytes) -> bytes:
        return b""


def start(place: Path, behind: int = 5_000) -> list[tuple[str, str, str]]:
    """Open with `behind` records after the last seal, and 20,000 before it."""
    path = place / "start.db"
    store = open_store(path, clock=SystemClock(), boot="bench")
    everything = list(history(20_000 + behind))
    ledger = EMPTY
    for at, record in enumerate(everything[:20_000], 1):
        ledger = fold(ledger, at, record)
    store.append(everything[:20_000])
    store.append([seal(ledger, store.head[1], _NoKey())])
    store.append(everything[20_000:])
    store.close()
    times = []
    for _ in range(9):
        begin = time.perf_counter()
        opened = open_store(path, clock=SystemClock(), boot="bench", verify=lambda _: True)
        times.append(time.perf_counter() - begin)
        assert imbalances(opened.recovered) == ()
        opened.close()
    pure = min(timed(lambda: _folded(everything[:5_000])) for _ in range(5))
    return [
        (
            f"start, {behind:,} records behind the seal, median",
            f"{statistics.median(times):.3f} s",
            "<= 0.25 s",
        ),
        ("fold alone, 5,000 records", f"{pure * 1e3:.0f} ms", "<= 60 ms"),
    ]


def _folded(records: list[r.AnyRecord]) -> None:
    ledger = EMPTY
    for at, record in enumerate(records, 1):
        ledger = fold(ledger, at, record)


def verification(place: Path, count: int = 200_000) -> list[tuple[str, str, str]]:
    """Every hash; then every record understood and folded."""
    path = place / "full.db"
    store = open_store(path, clock=SystemClock(), boot="bench")
    batch: list[r.AnyRecord] = []
    for record in history(count):
        batch.append(record)
        if len(batch) == 10_000:
            store.append(batch)
            batch = []
    store.append(batch)
    store.close()
    connection = open_for_reading(path)
    chain = min(timed(lambda: verify_chain(connection)) for _ in range(3))
    full = timed(lambda: verify_store(connection, None, is_full=True))
    size = path.stat().st_size / count
    connection.close()
    return [
        ("chain", f"{count / chain:,.0f} records/s", ">= 200,000"),
        ("chain, decode and fold", f"{count / full:,.0f} records/s", ""),
        ("bytes on disk per record", f"{size:.0f}", ""),
    ]


def main(where: str | None = None) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(dir=where) as made:
        place = Path(made)
        rows = [*durable_append(place), *start(place), *verification(place)]
    print("# The journal: appending, starting, verifying\n")
    print(f"`python -m benchmarks.journal` on {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, load {os.getloadavg()[0]:.1f}\n"
    )
    print("| figure | measured | target |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:2])
