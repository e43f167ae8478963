"""日計表, 月計表, 年度末返納: what a day, a month, a year was. Pure: days in, papers out."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.journal import records as r
from kiosk.journal.accounts import ZERO, Ledger, Receipts, Totals
from kiosk.journal.records import Fund
from kiosk.money import Denomination, Yen
from kiosk.treasury import words
from kiosk.treasury.days import Day, era_year, japan_time
from kiosk.treasury.paper import Paper, Table, signed, yen
from kiosk.treasury.words import Town

SEALS = ("取扱者", "出納員", "会計管理者")


def receipts_of(before: Totals, after: Totals) -> tuple[Receipts, ...]:
    """収納金 between two moments, by kind and means, in the order of their names."""
    found = []
    for key in sorted(after.receipts):
        was = before.receipts.get(key)
        now = after.receipts[key]
        count = now.count - (was.count if was else 0)
        if count:
            found.append(Receipts(now.kind, now.means, count, now.amount - (was.amount if was else ZERO)))
    return tuple(found)


def day_sheet(day: Day, town: Town) -> Paper:
    """日計表. The same day gives the same paper for ever."""
    facts = (
        ("収納窓口", f"{town.name} {town.section}"),
        ("機械", town.machine),
        ("締め番号", str(day.number) if day.is_closed else "未締め（途中経過）"),
        ("年度", era_year(day.fiscal_year)),
        ("締め日時", japan_time(day.closed_at) or "―"),
        ("締めた人", day.operator or "―"),
        ("記録の範囲", f"{day.before.seq + 1} ～ {day.after.seq}"),
    )
    tables = (
        _receipts_table(day.before, day.after, town),
        _money_table((day,)),
        _funds_table(day.after, town),
        _stock_table(day.after),
        _counts_table((day,)),
        _open_table(day.after),
        _incidents_table(day, town),
        _found_table(day),
    )
    return Paper("day", "収納金日計表", facts, tables, _remarks(day), SEALS)


def _receipts_table(before: Ledger, after: Ledger, town: Town) -> Table:
    rows = receipts_rows(receipts_of(before.totals, after.totals), town)
    return Table("収納金（科目の種類 × 支払い方法）", ("証明書", "方法", "件数", "金額（円）"), rows, left=2)


def receipts_rows(found: Sequence[Receipts], town: Town) -> tuple[tuple[str, ...], ...]:
    """Each kind by each means, what each means brought (where there are several), and all of it."""

    def line(name: str, means: str, of: Sequence[Receipts]) -> tuple[str, ...]:
        return name, means, str(sum(e.count for e in of)), yen(Yen.sum(e.amount for e in of))

    rows = [line(town.kind(each.kind), town.means(each.means), (each,)) for each in found]
    means = sorted({each.means for each in found})
    if len(means) > 1:
        rows += [line("計", town.means(one), [e for e in found if e.means == one]) for one in means]
    return (*rows, line("合計", "", found)) if rows else ()


def _money_table(days: Sequence[Day]) -> Table:
    """Cash through the slot and the trays, and payments without cash: sums over these days only, for another month's
    close may lie between them by a clock that stood wrong."""

    def over(name: str) -> Yen:
        return Yen.sum(getattr(e.after.totals, name) - getattr(e.before.totals, name) for e in days)

    def count(name: str) -> str:
        return str(sum(getattr(e.after.totals, name) - getattr(e.before.totals, name) for e in days))

    def books(name: str) -> Yen:
        return Yen.sum(getattr(e.after, name) - getattr(e.before, name) for e in days)

    rows = (
        ("取引", count("transactions"), ""),
        ("現金の投入", "", yen(over("cash_in"))),
        ("つり銭の払出し", "", yen(over("change"))),
        ("預り金の返却（払出し）", "", yen(over("returned"))),
        ("預かり票の発行", "", yen(over("owed"))),
        ("預かり票の支払い（窓口の戻出）", "", yen(over("redeemed"))),
        ("キャッシュレスの支払い", "", yen(over("charged"))),
        ("キャッシュレスの取消", "", yen(over("reversed"))),
        ("キャッシュレスの預かり票（窓口の支払い）", "", yen(over("redeemed_cashless"))),
        ("無効にした証明書", count("voided"), ""),
        ("収納金の抜取り（払込用）", "", yen(books("remitted"))),
        ("つり銭資金の増減", "", signed(books("float_amount"))),
        ("過不足の増減", "", signed(books("difference"))),
    )
    return Table("お金の動き", ("項目", "件数", "金額（円）"), rows)


def _funds_table(ledger: Ledger, town: Town) -> Table:
    """Whose the cash in the machine is. It adds up to what lies in the units, or the journal says that it does not."""
    own = ledger.totals.redeemed - ledger.restored
    rows = [
        (f"つり銭資金（貸与額 {yen(town.fund)}）", yen(ledger.float_amount)),
        ("収納金（未払込）", yen(ledger.receipts_inside)),
        ("預り金（取引中・確認待ち）", yen(ledger.held + ledger.in_doubt)),
        ("預かり票の未払い", yen(ledger.owed)),
        ("窓口の立替（戻出ずみ、機械に残る分）", signed(own)),
        ("持ち主のないお金", yen(ledger.unassigned.total - ledger.found_out)),
        ("過不足", signed(ledger.difference)),
        ("機械の中の現金（帳簿）", yen(ledger.in_units)),
    ]
    return Table("機械の中のお金の区分", ("区分", "金額（円）"), tuple(rows))


def _stock_table(ledger: Ledger) -> Table:
    rows: list[tuple[str, ...]] = []
    for each in sorted(Denomination, key=lambda one: one.face):
        for name in sorted(ledger.units):
            unit = ledger.units[name]
            count = unit.balance.get(each, 0)
            if count or unit.unknown[each]:
                doubt = f"（うち不明 {unit.unknown[each]}）" if unit.unknown[each] else ""
                state = words.ACCURACY[unit.accuracy] + doubt
                rows.append((name, state, words.face(each), str(count), yen(each.face * count)))
    total = Yen.sum(each.total for each in ledger.units.values())
    if rows:
        rows.append(("合計", "", "", "", yen(total)))
    return Table(
        "金種別の在高（次の日へ繰越し）",
        ("収納庫", "状態", "金種", "枚数", "金額（円）"),
        tuple(rows),
        left=3,
    )


def _counts_table(days: Sequence[Day]) -> Table:
    """Expected by the books, by the device, by hand."""
    rows = []
    started: dict[str, r.ExchangeStarted] = {}
    for day in days:
        started |= _started(day)
    for entry in (each for day in days for each in day.entries):
        ended = entry.record
        if not isinstance(ended, r.ExchangeEnded):
            continue
        begun = started.get(ended.exchange)
        before = {each.unit: each for each in begun.units} if begun else {}
        for each in ended.units:
            was = before.get(each.unit)
            expected = was.expected.total if was else ZERO
            device = yen(was.device.total) if was and was.device is not None else "―"
            counted = yen(each.counted.total) if each.counted is not None else "―"
            gap = signed(each.counted.total - expected) if each.counted is not None else "―"
            there = each.counted.total if each.counted is not None else expected
            what = words.PURPOSES.get(begun.purpose, "") if begun else ""
            rows.append(
                (
                    f"{ended.exchange} {what}",
                    each.unit,
                    ended.operator,
                    words.REASONS.get(ended.reason, ended.reason),
                    yen(expected),
                    device,
                    counted,
                    gap,
                    yen(each.put_in.total),
                    yen(each.taken_out.total),
                    yen(there + each.put_in.total - each.taken_out.total),
                )
            )
    head = ("作業", "収納庫", "取扱者", "理由", "帳簿", "機械", "手計数", "差", "入れた", "抜いた", "作業後")
    return Table("補充・回収・精査（帳簿 × 機械 × 手計数、円）", head, tuple(rows), left=4)


def _started(day: Day) -> dict[str, r.ExchangeStarted]:
    found: dict[str, r.ExchangeStarted] = {}
    opened = day.before.exchange
    if opened is not None:
        found[opened.exchange] = r.ExchangeStarted(
            opened.exchange, opened.purpose, opened.operator, opened.units, opened.witness
        )
    for entry in day.entries:
        if isinstance(entry.record, r.ExchangeStarted):
            found[entry.record.exchange] = entry.record
    return found


def _open_table(ledger: Ledger) -> Table:
    """Everything that waits for evidence or a person at the close: nothing of it is hidden in a total."""
    rows: list[tuple[str, ...]] = [
        (
            f"払出し {each.op[:8]}",
            each.device,
            f"{each.in_doubt} 枚",
            yen(each.denomination.face * each.in_doubt),
        )
        for each in sorted(ledger.doubts.values(), key=lambda one: one.seq)
    ]
    for account in sorted(ledger.accounts.values(), key=lambda one: one.opened_seq):
        rows += [
            (
                f"証明書 {line.serial}",
                f"取引 {account.number}",
                words.PRINTS[line.print_outcome],
                yen(line.fee),
            )
            for line in account.lines.values()
            if line.print_outcome in words.PRINTS and not line.is_resolved
        ]
    rows += [(f"入金 {each.device}", "", f"最大 {each.at_most} 枚", "不明") for each in ledger.credit_doubts]
    rows += [
        (f"紙幣 {each.op[:8]}", each.device, "入ったか不明", yen(each.denomination.face))
        for each in ledger.notes.values()
        if each.is_doubtful
    ]
    rows += [
        (f"キャッシュレス {each.op}", each.means, "取消が不明" if each.of else "処理未了", yen(each.amount))
        for each in sorted(ledger.cashless.values(), key=lambda one: one.seq)
        if each.is_unknown
    ]
    rows += [
        (
            f"預かり票 {each.slip}",
            words.OWED.get(each.reason, each.reason),
            "未払い",
            yen(each.amount + each.doubtful),
        )
        for each in sorted(ledger.slips.values(), key=lambda one: one.seq)
    ]
    return Table(
        "未解決（UNKNOWN・未払い）", ("対象", "場所・理由", "内容", "金額（円）"), tuple(rows), left=3
    )


def _incidents_table(day: Day, town: Town) -> Table:
    rows: list[tuple[str, ...]] = []
    for entry in day.entries:
        match entry.record:
            case r.IncidentOpened() as opened:
                rows.append(
                    (
                        japan_time(entry.wall)[11:16],
                        opened.code,
                        town.codes.get(opened.code, "発生"),
                        opened.incident[:8],
                        yen(opened.amount),
                    )
                )
            case r.IncidentClosed() as closed:
                said = f"解決 {closed.operator} {closed.reason}".rstrip()
                rows.append((japan_time(entry.wall)[11:16], "", said, closed.incident[:8], ""))
    return Table("事故記録", ("時刻", "コード", "内容", "番号", "金額（円）"), tuple(rows), left=4)


def _found_table(day: Day) -> Table:
    rows = []
    for entry in day.entries:
        match entry.record:
            case r.FoundRegistered() as found:
                place = words.PLACES.get(found.place, found.place)
                what = words.THINGS.get(found.what, found.what)
                rows.append((found.found, what, place, found.operator, yen(found.amount)))
            case r.FoundHandedOver() as gone:
                to = words.RECEIVERS.get(gone.to, gone.to)
                rows.append((gone.found, "引渡し", to, gone.operator, ""))
    return Table(
        "遺失物（収納金ではない）",
        ("番号", "種類", "場所・渡し先", "取扱者", "金額（円）"),
        tuple(rows),
        left=4,
    )


def _remarks(day: Day) -> tuple[str, ...]:
    found = []
    if day.after.exchange is not None:
        found.append(f"{day.after.exchange.exchange} が開いたままです。")
    if day.after.violations:
        found.append(
            f"帳簿の規則に反する記録が {len(day.after.violations)} 件あります（kiosk-check --journal）。"
        )
    if not day.is_closed:
        found.append("この表は締め前の途中経過です。")
    return tuple(found)


# --- months and years -------------------------------------------------------------------------------------------------


def _must_follow(days: Sequence[Day]) -> tuple[str, ...]:
    dates = [each.date for each in days]
    return () if dates == sorted(dates) else ("締めの日付が前後しています。順番は締め番号によります。",)


def month_sheet(days: Sequence[Day], month: str, town: Town) -> Paper:
    """月計表 over the days whose close is dated in `month` (`2026-11`), in the order of their numbers."""
    first, last = days[0], days[-1]
    rows = [
        (
            str(each.number),
            each.date,
            str(sum(one.count for one in receipts_of(each.before.totals, each.after.totals))),
            yen(Yen.sum(one.amount for one in receipts_of(each.before.totals, each.after.totals))),
            yen(each.after.totals.receipts_cash - each.before.totals.receipts_cash),
            signed(each.after.difference - each.before.difference),
        )
        for each in days
    ]
    found = _added([receipts_of(each.before.totals, each.after.totals) for each in days])
    kinds = receipts_rows(found, town)
    facts = (
        ("収納窓口", f"{town.name} {town.section}"),
        ("機械", town.machine),
        ("月", month),
        ("締め番号", f"{first.number} ～ {last.number}（{len(days)} 日）"),
        ("年度", era_year(first.fiscal_year)),
    )
    tables = (
        Table("科目の種類 × 支払い方法", ("証明書", "方法", "件数", "金額（円）"), kinds, left=2),
        Table("日ごと", ("締め", "日付", "件数", "収納額", "うち現金", "過不足"), tuple(rows), left=2),
        _money_table(days),
        _funds_table(last.after, town),
        _stock_table(last.after),
        _counts_table(days),
        _open_table(last.after),
    )
    return Paper("month", "収納金月計表", facts, tables, _must_follow(days), SEALS)


def _added(each_day: Sequence[tuple[Receipts, ...]]) -> tuple[Receipts, ...]:
    added: dict[tuple[str, str], Receipts] = {}
    for found in each_day:
        for each in found:
            was = added.get((each.kind, each.means))
            count, amount = (was.count, was.amount) if was else (0, ZERO)
            added[each.kind, each.means] = Receipts(
                each.kind, each.means, count + each.count, amount + each.amount
            )
    return tuple(added[key] for key in sorted(added))


def year_end(days: Sequence[Day], year: int, town: Town) -> Paper:
    """年度末返納: what the officer was lent, what became of it, and what is still to be returned."""
    first, last = days[0], days[-1]
    put_in, taken_out = ZERO, ZERO
    for day in days:
        for entry in day.entries:
            if isinstance(entry.record, r.ExchangeEnded):
                for share in entry.record.shares:
                    if share.fund is Fund.FLOAT:
                        put_in += max(ZERO, share.amount)
                        taken_out += max(ZERO, -share.amount)
    opening, closing = first.before.float_amount, last.after.float_amount
    other = closing - opening - put_in + taken_out
    rows = (
        ("年度始めの在高", yen(opening)),
        ("補充（受入れ）", yen(put_in)),
        ("初回の計数による受入れ・訂正", signed(other)),
        ("回収（払出し）", yen(taken_out)),
        ("年度末の在高（返納すべき額）", yen(closing)),
    )
    facts = (
        ("収納窓口", f"{town.name} {town.section}"),
        ("機械", town.machine),
        ("年度", era_year(year)),
        ("締め番号", f"{first.number} ～ {last.number}"),
        ("貸与額", f"{yen(town.fund)} 円"),
        ("返納先", town.payee),
    )
    remarks = (
        []
        if not closing
        else [f"つり銭資金 {yen(closing)} 円が未返納です。全回収してから、もういちど出力してください。"]
    )
    if last.after.receipts_inside:
        remarks.append(f"収納金 {yen(last.after.receipts_inside)} 円が未払込です。")
    tables = (
        Table("つり銭資金", ("項目", "金額（円）"), rows),
        _stock_table(last.after),
        _open_table(last.after),
    )
    return Paper("year", "つり銭資金 年度末返納書", facts, tables, tuple(remarks), SEALS)
