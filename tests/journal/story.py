"""Journals to test with, and a clock that need not go forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.journal import records as r
from kiosk.journal.reading import Verify
from kiosk.journal.store import Store, open_store
from kiosk.money import Cash, Denomination, Yen

C100 = Denomination.COIN100
BOOT = "7b0fdc0b-0000-4000-8000-000000000001"


class JumpingClock:
    """A wall clock that jumps back an hour each time somebody looks."""

    def __init__(self) -> None:
        self._now = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return 0.0

    def wall(self) -> datetime:
        self._now -= timedelta(hours=1)
        return self._now


def opened(path: Path, verify: Verify | None = None, room_bytes: int = 1, log_bytes: int = 0) -> Store:
    """`log_bytes`: how long the log is made beforehand; 0: it grows, as where there is little room."""
    return open_store(
        path,
        clock=JumpingClock(),
        boot=BOOT,
        verify=verify,
        room_bytes=room_bytes,
        log_bytes=log_bytes,
    )


def stock() -> r.AnyRecord:
    return r.StockSet("hopper100", Cash({C100: 50}), "officer")


def coin(seq: int, *, serial: str = "S1", epoch: int = 1, tx: str | None = None) -> r.CoinIn:
    return r.CoinIn("coin1", epoch, seq, seq % 256, C100, "hopper100", serial, tx)


def session(number: int) -> list[r.AnyRecord]:
    """One certificate with change. Eight records."""
    tx, line = f"{number:032x}", f"{number + 1000:032x}"
    ordered = r.OrderedLine(line, "juminhyo", Yen(100), f"R8-{number}", 1)
    return [
        r.TransactionOpened(tx, f"{number:04d}", Yen(100), (ordered,)),
        coin(number * 2, tx=tx),
        coin(number * 2 + 1, tx=tx),
        r.LineBooked(tx, line, "juminhyo", Yen(100), "cash"),
        r.PayoutDecided("o" + tx, tx, "change", Yen(100)),
        r.DispenseIntended("d" + tx, "o" + tx, tx, "hopper100", C100, 1, 3, 9, "H"),
        r.DispenseSettled("d" + tx, tx, "hopper100", C100, 1, 1, "confirmed"),
        r.TransactionClosed(tx, "issued"),
    ]
