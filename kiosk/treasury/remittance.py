"""払込書, 調定 and the 収納 file: how the receipts reach the town's books. Pure.

Receipts in cash leave the machine in the order in which they were booked: a 払込 of so many yen covers the oldest
bookings that were not paid in yet. So each yen of each fee is in exactly one 払込書.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kiosk.journal import records as r
from kiosk.journal.accounts import CASH, ZERO
from kiosk.journal.records import Fund
from kiosk.money import Yen
from kiosk.treasury.days import Day, Entry, era_year, fiscal_year, japan_date, japan_time
from kiosk.treasury.paper import Paper, Table, yen
from kiosk.treasury.sheets import receipts_of
from kiosk.treasury.words import Town


class Booking(msgspec.Struct, frozen=True):
    """One fee booked in cash."""

    kind: str
    year: int
    fee: Yen


class Remittance(msgspec.Struct, frozen=True):
    """What one exchange took out of the receipts, by kind and 年度. `count`: fees that begin in it."""

    exchange: str
    at: str
    operator: str
    parts: tuple[tuple[str, int, Yen, int], ...]
    """(kind, 年度, amount, fees)"""

    @property
    def amount(self) -> Yen:
        return Yen.sum(part[2] for part in self.parts)


def remittances(entries: Iterable[Entry]) -> list[Remittance]:
    """Every 払込 of the journal, oldest first. What was put back is given back from its end."""
    bookings: list[Booking] = []
    taken = ZERO
    found: list[Remittance] = []
    for entry in entries:
        match entry.record:
            case r.LineBooked(means=means) as booked if means == CASH:
                bookings.append(Booking(booked.kind, fiscal_year(japan_date(entry.wall)), booked.fee))
            case r.ExchangeEnded() as ended:
                out = -Yen.sum(each.amount for each in ended.shares if each.fund is Fund.RECEIPTS)
                if out > ZERO:
                    parts = _covered(bookings, taken, taken + out)
                    found.append(Remittance(ended.exchange, entry.wall, ended.operator, parts))
                taken += out
    return found


def _covered(bookings: Sequence[Booking], low: Yen, high: Yen) -> tuple[tuple[str, int, Yen, int], ...]:
    """The part of each booking that lies between two running sums."""
    sums: dict[tuple[str, int], tuple[Yen, int]] = {}
    begin = ZERO
    for each in bookings:
        end = begin + each.fee
        part = min(end, high) - max(begin, low)
        if part > ZERO:
            amount, count = sums.get((each.kind, each.year), (ZERO, 0))
            sums[each.kind, each.year] = (amount + part, count + (low <= begin < high))
        begin = end
        if begin >= high:
            break
    return tuple((kind, year, *sums[kind, year]) for kind, year in sorted(sums))


def payment_slip(remittance: Remittance, town: Town) -> Paper:
    """払込書 for the 指定金融機関. The sum is what was taken out, to the yen."""
    rows = []
    for kind, year, amount, count in remittance.parts:
        code, name = town.revenue(kind, year)
        rows.append((era_year(year), code, name, town.kind(kind), str(count), yen(amount)))
    rows.append(("合計", "", "", "", str(sum(part[3] for part in remittance.parts)), yen(remittance.amount)))
    facts = (
        ("払込先", town.payee),
        ("指定金融機関", town.bank),
        ("納入者", f"{town.name} {town.section} {remittance.operator}"),
        ("収納窓口", town.machine),
        ("回収番号", remittance.exchange),
        ("回収日時", japan_time(remittance.at)),
        ("払込額", f"{yen(remittance.amount)} 円"),
    )
    head = ("年度", "科目コード", "歳入科目", "内訳", "件数", "金額（円）")
    table = Table("内訳", head, tuple(rows), left=4)
    return Paper("payment", "払 込 書", facts, (table,), (), ("納入者", "出納員", "金融機関領収印"))


def assessment(days: Sequence[Day], month: str, town: Town) -> list[tuple[str, ...]]:
    """調定: one row a month for each 歳入科目 and 年度, cash and cashless together (the fee is due whole)."""
    sums: dict[tuple[int, str, str], tuple[int, Yen]] = {}
    for day in days:
        for each in receipts_of(day.before.totals, day.after.totals):
            key = (day.fiscal_year, *town.revenue(each.kind, day.fiscal_year))
            count, amount = sums.get(key, (0, ZERO))
            sums[key] = (count + each.count, amount + each.amount)
    rows: list[tuple[str, ...]] = [
        ("年度", "調定月", "所属", "科目コード", "歳入科目", "件数", "調定額", "摘要")
    ]
    for year, code, name in sorted(sums):
        count, amount = sums[year, code, name]
        note = f"{town.machine} {month} 収納分"
        rows.append((str(year), month, town.section, code, name, str(count), str(amount.value), note))
    return rows


REVENUE_HEAD = (
    "年度",
    "締め番号",
    "締め日",
    "機械",
    "科目コード",
    "歳入科目",
    "証明書",
    "支払方法",
    "件数",
    "収納額",
    "決済手数料",
    "純入金額",
    "公金振替額",
)


def revenue_rows(
    days: Sequence[Day], town: Town, charges: Mapping[tuple[int, str, str], Yen] | None = None
) -> list[tuple[str, ...]]:
    """The 収納 system's file. The town books the whole fee; what the trustee keeps is moved by 公金振替.

    `charges`: (day, kind, means) -> what the trustee kept, from its 収納明細; without it those cells stay empty, so
    that no file says zero where nobody knows yet. Cash costs nothing.
    """
    rows: list[tuple[str, ...]] = [REVENUE_HEAD]
    for day in days:
        year = day.fiscal_year
        for each in receipts_of(day.before.totals, day.after.totals):
            kept = ZERO if each.means == CASH else (charges or {}).get((day.number, each.kind, each.means))
            costs = ("", "", "")
            if kept is not None:
                costs = (str(kept.value), str((each.amount - kept).value), str(kept.value))
            rows.append(
                (
                    str(year),
                    str(day.number),
                    day.date,
                    town.machine,
                    *town.revenue(each.kind, year),
                    town.kind(each.kind),
                    town.means(each.means),
                    str(each.count),
                    str(each.amount.value),
                    *costs,
                )
            )
    return rows
