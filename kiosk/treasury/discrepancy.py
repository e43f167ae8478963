"""違算: a count and the books differ. Which transactions touched that unit since it was last counted, and what the
devices' own counters said before and after each. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiosk.ids import DeviceId, OpId, TransactionId
from kiosk.journal import records as r
from kiosk.money import Yen
from kiosk.treasury import words
from kiosk.treasury.days import Entry, japan_time
from kiosk.treasury.evidence import said
from kiosk.treasury.paper import Paper, Table, signed, yen
from kiosk.treasury.words import Town


class Window(msgspec.Struct, frozen=True):
    """One unit between two counts by hand."""

    unit: DeviceId
    counted_last: str
    """What and when: `E-0003 2026-11-30 09:00:00`; `―`: never counted before."""
    expected: Yen
    counted: Yen
    entries: tuple[Entry, ...]
    lifetime: int | None = None
    """The device's count of all it ever paid, when the box was opened."""

    @property
    def paid_by_books(self) -> int:
        """Pieces that the books let out in this window."""
        ended = [entry.record for entry in self.entries]
        settled = {e.op: e.paid for e in ended if isinstance(e, r.DispenseSettled)}
        resolved = {e.op: e.paid for e in ended if isinstance(e, r.DispenseResolved)}
        return sum({**settled, **resolved}.values())

    @property
    def paid_by_device(self) -> int | None:
        """The same by the device's own counter, from before the first payout to the opening; None: it has none."""
        before = [e.record.lifetime for e in self.entries if isinstance(e.record, r.DispenseIntended)]
        if self.lifetime is None or self.lifetime < 0 or not before or before[0] < 0:
            return None
        return self.lifetime - before[0]


class Case(msgspec.Struct, frozen=True):
    """One exchange, the windows of its units that differ, and the numbers of all transactions."""

    start: r.ExchangeStarted
    end: r.ExchangeEnded
    ended_at: str
    windows: tuple[Window, ...]
    numbers: dict[TransactionId, str]


def case_of(entries: Iterable[Entry], exchange: str) -> Case | None:
    """Walk the journal once; None when this exchange has not ended, or its counts agree with the books."""
    since = _Since()
    numbers: dict[TransactionId, str] = {}
    start: r.ExchangeStarted | None = None
    for entry in entries:
        match entry.record:
            case r.TransactionOpened() as opened:
                numbers[opened.transaction] = opened.number
            case r.ExchangeStarted() as begun:
                start = begun
            case r.StockSet() as counted:
                since.count(counted.unit, entry, "初回計数")
            case r.ExchangeEnded() as end:
                if end.exchange == exchange and start is not None:
                    found = _windows(start, end, since)
                    return Case(start, end, entry.wall, found, numbers) if found else None
                for each in end.units:
                    if each.counted is not None:
                        since.count(each.unit, entry, end.exchange)
                    else:
                        since.touch(each.unit, entry)
            case _:
                since.take(entry)
    return None


class _Since:
    """What has touched each unit since it was last counted by hand."""

    def __init__(self) -> None:
        self.counted: dict[DeviceId, tuple[int, str]] = {}
        """When: number of its record, and words."""
        self._touched: dict[DeviceId, list[Entry]] = {}
        self._nowhere: list[Entry] = []
        """Nobody knows whether, or where, these pieces are: in any unit perhaps."""
        self._notes: dict[OpId, DeviceId] = {}
        """Where each note was said to go."""

    def count(self, unit: DeviceId, entry: Entry, what: str) -> None:
        self.counted[unit] = (entry.seq, f"{what} {japan_time(entry.wall)}")
        self._touched[unit] = []

    def touch(self, unit: DeviceId, entry: Entry) -> None:
        self._touched.setdefault(unit, []).append(entry)

    def window(self, unit: DeviceId) -> tuple[Entry, ...]:
        since, _ = self.counted.get(unit, (0, ""))
        own = self._touched.get(unit, [])
        lost = [each for each in self._nowhere if each.seq > since]
        return tuple(sorted([*own, *lost], key=lambda each: each.seq))

    def take(self, entry: Entry) -> None:
        """Into the windows of the units whose pieces, or whose doubt, this record is about."""
        match entry.record:
            case r.CoinIn(unit=unit) | r.NoteResolved(unit=unit) if unit:
                self.touch(unit, entry)
            case r.NoteIn(op=op, unit=unit):
                self._notes[op] = unit
                self.touch(unit, entry)
            case r.NoteStored(op=op, unit=unit):
                said = self._notes.pop(op, unit)
                for each in (said, unit) if unit and unit != said else ():
                    self.touch(each, entry)
            case (
                r.DispenseIntended(device=unit)
                | r.DispenseSettled(device=unit)
                | r.DispenseResolved(device=unit)
            ):
                self.touch(unit, entry)
            case r.AcceptorEpoch(at_most=0):
                pass
            case r.AcceptorEpoch() | r.CreditsUnknown() | r.NoteDoubted() | r.NotePathClearing():
                self._nowhere.append(entry)


def _windows(start: r.ExchangeStarted, end: r.ExchangeEnded, since: _Since) -> tuple[Window, ...]:
    before = {each.unit: each for each in start.units}
    return tuple(
        Window(
            each.unit,
            since.counted.get(each.unit, (0, "―"))[1],
            before[each.unit].expected.total,
            each.counted.total,
            since.window(each.unit),
            before[each.unit].lifetime,
        )
        for each in end.units
        if each.counted is not None
        and each.unit in before
        and each.counted.total != before[each.unit].expected.total
    )


def discrepancy(case: Case, town: Town) -> Paper:
    """違算調査書: every transaction that touches the window, with its evidence."""
    facts = (
        ("機械", f"{town.name} {town.machine}"),
        ("作業", f"{case.end.exchange} {words.PURPOSES.get(case.start.purpose, '')}"),
        ("計数した時", japan_time(case.ended_at)),
        ("計数した人", case.end.operator),
        ("理由", words.REASONS.get(case.end.reason, case.end.reason) or "―"),
        ("備考", case.end.note or "―"),
        ("差額", f"{signed(case.end.difference)} 円"),
    )
    tables = [
        Table(
            "差のある収納庫",
            ("収納庫", "前回の計数", "帳簿", "手計数", "差"),
            tuple(
                (e.unit, e.counted_last, yen(e.expected), yen(e.counted), signed(e.counted - e.expected))
                for e in case.windows
            ),
            left=2,
        ),
        Table(
            "払出しの枚数（前回の計数から）",
            ("収納庫", "帳簿", "機器の計器"),
            tuple(
                (e.unit, str(e.paid_by_books), "―" if e.paid_by_device is None else str(e.paid_by_device))
                for e in case.windows
            ),
        ),
    ]
    for window in case.windows:
        rows = tuple(_evidence(entry, case.numbers) for entry in window.entries)
        head = ("記録", "時刻", "取引", "内容", "証拠（機器の計器）", "増減")
        tables.append(Table(f"{window.unit} にふれた記録", head, rows, left=5))
    return Paper("discrepancy", "違算調査書", facts, tuple(tables), (), ("取扱者", "出納員", "会計管理者"))


def _evidence(entry: Entry, numbers: dict[TransactionId, str]) -> tuple[str, ...]:
    record = entry.record
    transaction = getattr(record, "transaction", None)
    number = numbers.get(transaction, "―") if transaction else "―"
    what, proof, moved = said(record)
    return (str(entry.seq), japan_time(entry.wall)[5:], number, what, proof, moved)
