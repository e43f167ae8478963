"""The readiness report: what was tested at the machine's staff desk, when, by whom and with what result. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from kiosk.journal import records as r
from kiosk.journal.ledger import Ledger
from kiosk.slips import JST
from kiosk.treasury import words
from kiosk.treasury.days import Entry
from kiosk.treasury.paper import Paper, Table
from kiosk.treasury.waiting import NOTHING, waiting
from kiosk.treasury.words import Town


def readiness(entries: Iterable[Entry], ledger: Ledger, town: Town) -> Paper:
    """The last result of each test, in the order of the desk's list; and what still waits for a person."""
    last: dict[str, Entry] = {}
    version, since = "", ""
    for entry in entries:
        if isinstance(entry.record, r.StaffTested):
            last[entry.record.test] = entry
        elif isinstance(entry.record, r.Started):
            version, since = entry.record.version, entry.wall
    rows = tuple(_row(test, name, last.get(test)) for test, name in words.TESTS.items())
    waits = tuple((each,) for each in waiting(ledger) if each != NOTHING)
    failed = sum(
        not each.record.has_passed for each in last.values() if isinstance(each.record, r.StaffTested)
    )
    missing = sum(test not in last for test in words.TESTS)
    return Paper(
        kind="readiness",
        title="点検報告書",
        facts=(
            ("機械", f"{town.name} {town.machine}"),
            ("ソフトウェア", version),
            ("起動", _time(since)),
            ("判定", "不合格あり" if failed else "未実施あり" if missing else "すべて合格"),
            ("合格", f"{len(last) - failed} 件"),
            ("不合格", f"{failed} 件"),
            ("未実施", f"{missing} 件"),
        ),
        tables=(
            Table("点検の結果（最後のもの）", ("点検", "結果", "日時", "職員"), rows, left=4),
            Table("確認を待つもの", ("内容",), waits),
        ),
        remarks=("カメラ・予備のプリンター・職員証の読取部のない機械では、その点検は行いません。",),
        seals=("技術員", "確認者"),
    )


def _row(test: str, name: str, found: Entry | None) -> tuple[str, ...]:
    if found is None or not isinstance(found.record, r.StaffTested):
        return name, "未実施", "", ""
    return name, "合格" if found.record.has_passed else "不合格", _time(found.wall), found.record.staff


def _time(wall: str) -> str:
    return f"{datetime.fromisoformat(wall).astimezone(JST):%Y-%m-%d %H:%M}" if wall else ""
