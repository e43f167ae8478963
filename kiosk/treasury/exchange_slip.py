"""The slip of one exchange: who opened and closed which box, the counts before and after, whose the money was. Pure."""

from __future__ import annotations

from kiosk.journal import records as r
from kiosk.money import NO_CASH, Cash
from kiosk.treasury import words
from kiosk.treasury.days import japan_time
from kiosk.treasury.paper import Paper, Table, signed
from kiosk.treasury.words import Town


def exchange_slip(
    start: r.ExchangeStarted, started_at: str, end: r.ExchangeEnded | None, ended_at: str, town: Town
) -> Paper:
    """`end` None: it is still open. The times are the journal's own."""
    facts = [
        ("番号", start.exchange),
        ("機械", f"{town.name} {town.machine}"),
        ("開始", japan_time(started_at)),
        ("開けた人", start.operator),
    ]
    if start.witness:
        facts.append(("立会い（出納員）", start.witness))
    facts += [
        ("終了", japan_time(ended_at) if end is not None else "開いたまま"),
        ("閉じた人", end.operator if end is not None else ""),
    ]
    after = {each.unit: each for each in end.units} if end is not None else {}
    tables = [
        Table(
            "収納庫（枚数）",
            ("収納庫", "金種", "帳簿", "機械", "手計数", "入れた", "抜いた", "終了時"),
            tuple(row for each in start.units for row in _rows(each, after.get(each.unit))),
            left=2,
        ),
        Table("計器", ("収納庫と回数計", "累計払出し"), _counters(start), empty="機器の計器なし"),
    ]
    if end is not None:
        rows = [(words.FUNDS[each.fund.value], signed(each.amount)) for each in end.shares]
        rows.append(("過不足（手計数 − 帳簿）", signed(end.difference)))
        if end.reason:
            rows.append(("理由", words.REASONS.get(end.reason, end.reason)))
        tables.append(Table("お金の区分（円、＋は入れた・−は抜いた）", ("区分", "金額"), tuple(rows)))
    remarks = (end.note,) if end is not None and end.note else ()
    title = f"{words.PURPOSES.get(start.purpose, start.purpose)} 記録票"
    return Paper("exchange", title, tuple(facts), tuple(tables), remarks, ("取扱者", "出納員"))


def _rows(before: r.UnitBefore, after: r.UnitAfter | None) -> list[tuple[str, ...]]:
    counted = after.counted if after is not None else None
    put_in = after.put_in if after is not None else NO_CASH
    taken = after.taken_out if after is not None else NO_CASH
    there = counted if counted is not None else before.expected
    faces = Cash({each: 1 for part in (before.expected, there, put_in, taken) for each in part})
    rows: list[tuple[str, ...]] = []
    for each in faces:
        device = "―" if before.device is None else str(before.device[each])
        hand = "―" if counted is None else str(counted[each])
        left = (
            str(there[each] + put_in[each] - taken[each]) if after is not None else str(before.expected[each])
        )
        rows.append(
            (
                before.unit,
                words.face(each),
                str(before.expected[each]),
                device,
                hand,
                str(put_in[each]),
                str(taken[each]),
                left,
            )
        )
    return rows or [(before.unit, "空", "0", "―", "0" if counted is not None else "―", "0", "0", "0")]


def _counters(start: r.ExchangeStarted) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (f"{each.unit} 回数計 {each.event_counter} 累計払出し", str(each.lifetime))
        for each in start.units
        if each.event_counter is not None
    )
