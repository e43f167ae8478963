"""The trustee's 収納明細 against the journal, by slip number; and paid, issued, pages, settled for each fee. Pure."""

from __future__ import annotations

import csv as csv_reader
import io
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kiosk.ids import DeviceId, LineId, OpId, TransactionId
from kiosk.journal import records as r
from kiosk.journal.accounts import CASH
from kiosk.money import Yen
from kiosk.treasury.days import Entry
from kiosk.treasury.paper import Paper, Table, yen
from kiosk.treasury.refusals import RefusedError
from kiosk.treasury.words import Town

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "reference": ("伝票番号", "slip", "reference"),
    "brand": ("ブランド", "brand"),
    "amount": ("金額", "amount"),
    "fee": ("手数料", "fee"),
    "date": ("利用日", "date"),
}
"""What a column may be called in a trustee's file; the first that is there counts."""


class Settled(msgspec.Struct, frozen=True):
    """One row of a trustee's 収納明細. A void stands as a row below zero."""

    reference: str
    brand: str
    amount: Yen
    fee: Yen
    date: str


class Charge(msgspec.Struct, frozen=True):
    """One cashless payment of ours that was confirmed. `reference`: the terminal's slip number."""

    reference: str
    brand: str
    amount: Yen
    transaction: TransactionId
    number: str
    day: int


class Matched(msgspec.Struct, frozen=True):
    """What agrees, and each thing that does not."""

    both: tuple[tuple[Charge, Settled], ...]
    differing: tuple[tuple[Charge, Settled], ...]
    """The same slip number, another amount."""
    only_ours: tuple[Charge, ...]
    only_theirs: tuple[Settled, ...]
    twice: tuple[Settled, ...]
    """A slip number that the file has more than once."""


def read_statement(text: str) -> list[Settled]:
    """RefusedError for a file without the columns, or with a row that is no payment."""
    rows = list(csv_reader.reader(io.StringIO(text.removeprefix("\ufeff"))))
    if not rows:
        raise RefusedError("format", what="収納明細", want="見出しのある CSV / a CSV with a heading")
    at: dict[str, int] = {}
    heads = [each.strip() for each in rows[0]]
    for key, names in COLUMNS.items():
        found = next((heads.index(name) for name in names if name in heads), -1)
        if found < 0:
            raise RefusedError("format", what="収納明細", want=" / ".join(names))
        at[key] = found
    return [_settled(number, row, at) for number, row in enumerate(rows[1:], 2) if any(row)]


def _settled(number: int, row: Sequence[str], at: Mapping[str, int]) -> Settled:
    try:
        words_of = {key: row[place].strip() for key, place in at.items()}
        amount, fee = (int(words_of[key].replace(",", "")) for key in ("amount", "fee"))
    except (IndexError, ValueError):
        raise RefusedError(
            "format", what=f"収納明細 {number} 行目", want="伝票番号と金額 / slip and amount"
        ) from None
    if not words_of["reference"]:
        raise RefusedError("format", what=f"収納明細 {number} 行目", want="伝票番号 / slip number")
    return Settled(words_of["reference"], words_of["brand"], Yen(amount), Yen(fee), words_of["date"])


def charges_of(entries: Iterable[Entry]) -> list[Charge]:
    """Cashless payments that were taken and not voided, with the terminal's own number of each."""
    numbers: dict[TransactionId, str] = {}
    asked: dict[OpId, r.PaymentIntended] = {}
    voids: dict[OpId, OpId] = {}
    found: dict[OpId, Charge] = {}
    day = 1
    for entry in entries:
        match entry.record:
            case r.TransactionOpened(transaction=transaction, number=number):
                numbers[transaction] = number
            case r.DayClosed(number=number_of_day):
                day = number_of_day + 1
            case r.PaymentIntended(op=op) as intended:
                asked[op] = intended
            case r.PaymentSettled(op=op) | r.PaymentResolved(op=op) as ended if op in asked and ended.amount:
                meant = asked[op]
                number = numbers.get(meant.transaction, "")
                found[op] = Charge(ended.reference, meant.means, ended.amount, meant.transaction, number, day)
            case r.ReversalIntended(op=op, of=of):
                voids[op] = of
            case r.ReversalSettled(op=op, outcome="confirmed") | r.ReversalResolved(op=op, is_done=True):
                found.pop(voids.get(op, OpId("")), None)
    return list(found.values())


def matched(charges: Sequence[Charge], statement: Sequence[Settled]) -> Matched:
    """By slip number; a void in the trustee's file takes its payment out of it."""
    net: dict[str, Settled] = {}
    twice: list[Settled] = []
    for each in statement:
        was = net.get(each.reference)
        if was is None:
            net[each.reference] = each
        elif was.amount + each.amount == Yen(0):
            del net[each.reference]
        else:
            twice.append(each)
    ours = {each.reference: each for each in charges}
    both = [(ours[key], net[key]) for key in ours if key in net]
    return Matched(
        both=tuple(pair for pair in both if pair[0].amount == pair[1].amount),
        differing=tuple(pair for pair in both if pair[0].amount != pair[1].amount),
        only_ours=tuple(each for key, each in ours.items() if key not in net),
        only_theirs=tuple(each for key, each in net.items() if key not in ours),
        twice=tuple(twice),
    )


_Tally = tuple[int, int, int, int]
"""Payments, yen, voids, yen."""


class Counted(msgspec.Struct, frozen=True):
    """One brand at one terminal between two of its reconciliations: ours and theirs. None: it did not say."""

    day: int
    device: str
    brand: str
    ours: _Tally
    theirs: _Tally | None
    code: str = ""

    @property
    def agrees(self) -> bool:
        return self.ours == self.theirs


NOTHING = (0, 0, 0, 0)


class _Count:
    """Of one terminal, since it was asked last."""

    def __init__(self) -> None:
        self.brands: dict[str, list[int]] = {}

    def add(self, brand: str, at: int, amount: Yen) -> None:
        count = self.brands.setdefault(brand, [0, 0, 0, 0])
        count[at] += 1
        count[at + 1] += amount.value

    def of(self, brand: str) -> _Tally:
        paid, amount, voids, voided = self.brands.get(brand, NOTHING)
        return (paid, amount, voids, voided)


def reconciliations(entries: Iterable[Entry]) -> list[Counted]:
    """What terminals counted at each day close, beside the journal. By sequence: what was settled before the terminal
    was asked is held against its answer."""
    asked: dict[OpId, r.PaymentIntended | r.ReversalIntended] = {}
    counts: dict[str, _Count] = {}
    waiting: dict[OpId, tuple[int, DeviceId, _Count]] = {}
    unsure: dict[str, _Count] = {}
    found: list[Counted] = []
    day = 0
    for entry in entries:
        match entry.record:
            case r.DayClosed(number=number):
                day = number
            case (r.PaymentIntended(op=op) | r.ReversalIntended(op=op)) as intended:
                asked[op] = intended
            case r.PaymentSettled(op=op) | r.PaymentResolved(op=op) as ended if op in asked and ended.amount:
                counts.setdefault(asked[op].device, _Count()).add(asked[op].means, 0, ended.amount)
            case r.ReversalSettled(op=op, outcome="confirmed") | r.ReversalResolved(op=op, is_done=True):
                if op in asked:
                    counts.setdefault(asked[op].device, _Count()).add(asked[op].means, 2, asked[op].amount)
            case r.ReconciliationIntended(op=op, device=device):
                waiting[op] = (day, device, counts.pop(device, _Count()))
            case r.ReconciliationEnded(op=op) as answer if op in waiting:
                at, device, ours = waiting.pop(op)
                found += _compared(answer, at, ours, unsure.pop(device, _Count()))
                if answer.outcome != "confirmed":  # it may have ended its day all the same, or not
                    unsure[device] = ours
    for op, (at, device, ours) in waiting.items():  # the core died before the answer
        found += _compared(r.ReconciliationEnded(op, device, "unknown"), at, ours, _Count())
    return found


def _compared(answer: r.ReconciliationEnded, day: int, ours: _Count, before: _Count) -> list[Counted]:
    """`before`: ours of a day of which nobody knows whether the terminal ended it; its answer has it, or has not."""
    theirs = {e.brand: (e.payments, e.paid.value, e.reversals, e.reversed.value) for e in answer.totals}
    is_told = answer.outcome == "confirmed"
    found = []
    for brand in sorted({*ours.brands, *theirs}):
        mine, said = ours.of(brand), theirs.get(brand, NOTHING)
        both = _sum(mine, before.of(brand))
        counted = both if said == both else mine
        found.append(Counted(day, answer.device, brand, counted, said if is_told else None, answer.code))
    return found


def _sum(one: _Tally, other: _Tally) -> _Tally:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


class Fate(msgspec.Struct, frozen=True):
    """One fee, four ways: was it paid, made valid, printed page by page, and settled?"""

    line: LineId
    transaction: TransactionId
    number: str
    kind: str
    serial: str
    fee: Yen
    pages: int
    means: str = ""
    is_issued: bool = False
    pages_out: int = 0
    is_reported: bool = False

    @property
    def is_paid(self) -> bool:
        return self.means != ""


def fates(entries: Iterable[Entry]) -> list[Fate]:
    """Of every line that was ordered, in the journal's order."""
    found: dict[LineId, Fate] = {}
    for entry in entries:
        match entry.record:
            case r.TransactionOpened() as opened:
                for each in opened.lines:
                    found[each.line] = Fate(
                        each.line,
                        opened.transaction,
                        opened.number,
                        each.kind,
                        each.serial,
                        each.fee,
                        each.pages,
                    )
            case r.LineCommitted(line=line) if line in found:
                found[line] = msgspec.structs.replace(found[line], is_issued=True)
            case r.PrintSettled(line=line, pages=pages) if line in found:
                out = max(found[line].pages_out, pages)
                found[line] = msgspec.structs.replace(found[line], pages_out=out)
            case r.LineBooked(line=line, means=means) if line in found:
                found[line] = msgspec.structs.replace(found[line], means=means)
            case r.PrintedReported(line=line) if line in found:
                found[line] = msgspec.structs.replace(found[line], is_reported=True)
    return list(found.values())


def four_way(
    lines: Sequence[Fate], match: Matched | None, town: Town, terminals: Sequence[Counted] = ()
) -> Paper:
    """Paid ↔ issued ↔ pages ↔ settled: only what does not agree is listed, after the sums. `terminals`: what they
    counted themselves at the day closes, all of it."""
    settled = {charge.transaction for charge, _ in match.both} if match is not None else set()
    odd, sums = [], dict.fromkeys(("paid", "issued", "pages", "settled"), 0)
    for each in lines:
        is_settled = each.means == CASH or each.transaction in settled
        sums["paid"] += each.is_paid
        sums["issued"] += each.is_issued
        sums["pages"] += each.is_issued and each.pages_out == each.pages
        sums["settled"] += each.is_paid and is_settled
        faults = _faults(each, is_settled=is_settled or match is None)
        if faults:
            name = town.kind(each.kind)
            odd.append((each.number, name, each.serial, town.means(each.means), faults, yen(each.fee)))
    rows = (
        ("支払い（収納）", str(sums["paid"])),
        ("発行（有効化）", str(sums["issued"])),
        ("印刷（全ページ）", str(sums["pages"])),
        ("入金（現金・収納明細）", str(sums["settled"])),
    )
    head = ("取引", "証明書", "発行番号", "方法", "合わない点", "金額（円）")
    tables = [Table("件数", ("区分", "件"), rows), Table("合わないもの", head, tuple(odd), left=5)]
    if match is not None:
        tables += _statement_tables(match)
    if terminals:
        tables.append(_terminal_table(terminals, town))
    remarks = () if match is not None else ("キャッシュレスの収納明細は取り込まれていません。",)
    return Paper("match", "四者照合表", (("機械", f"{town.name} {town.machine}"),), tuple(tables), remarks)


def _terminal_table(terminals: Sequence[Counted], town: Town) -> Table:
    rows = []
    for each in terminals:
        said = _tally(each.theirs) if each.theirs is not None else "応答なし"
        verdict = "一致" if each.agrees else "不一致" if each.theirs is not None else "不明"
        rows.append((str(each.day), each.device, town.means(each.brand), _tally(each.ours), said, verdict))
    head = ("締め", "端末", "ブランド", "当方（件・円／取消）", "端末（件・円／取消）", "結果")
    return Table("端末の日計（締めごと）", head, tuple(rows), left=6)


def _tally(count: _Tally) -> str:
    paid, amount, voids, voided = count
    return f"{paid}件 {amount:,}／{voids}件 {voided:,}"


def _faults(fate: Fate, *, is_settled: bool) -> str:
    faults = []
    if fate.is_paid and not fate.is_issued:
        faults.append("収納したが発行していない")
    if fate.is_issued and not fate.is_paid and fate.pages_out:
        faults.append("印刷したが収納していない")
    if fate.is_paid and fate.pages_out != fate.pages:
        faults.append(f"印刷 {fate.pages_out}/{fate.pages} ページ")
    if fate.is_paid and not is_settled:
        faults.append("入金が確認できない")
    if fate.is_paid and not fate.is_reported:
        faults.append("発行サーバーの受領がまだ")
    return "、".join(faults)


def _statement_tables(match: Matched) -> list[Table]:
    return [
        Table(
            "当方だけにある支払い",
            ("伝票番号", "ブランド", "取引", "締め", "金額（円）"),
            tuple((e.reference, e.brand, e.number, str(e.day), yen(e.amount)) for e in match.only_ours),
            left=4,
        ),
        Table(
            "収納明細だけにある支払い",
            ("伝票番号", "ブランド", "利用日", "金額（円）"),
            tuple((e.reference, e.brand, e.date, yen(e.amount)) for e in (*match.only_theirs, *match.twice)),
            left=3,
        ),
        Table(
            "金額のちがう支払い",
            ("伝票番号", "ブランド", "当方（円）", "収納明細（円）"),
            tuple((a.reference, a.brand, yen(a.amount), yen(b.amount)) for a, b in match.differing),
            left=2,
        ),
    ]


def kept_by_trustee(lines: Sequence[Fate], match: Matched) -> dict[tuple[int, str, str], Yen]:
    """(day, kind, means) -> the trustee's fee, for the 収納 file. A payment of several fees is shared out by their
    amounts, whole yen, the rest on the last."""
    by_transaction: dict[TransactionId, list[Fate]] = {}
    for each in lines:
        if each.is_paid and each.means != CASH:
            by_transaction.setdefault(each.transaction, []).append(each)
    found: dict[tuple[int, str, str], Yen] = {}
    for charge, settled in match.both:
        paid = by_transaction.get(charge.transaction, [])
        total, left = Yen.sum(each.fee for each in paid).value, settled.fee.value
        for at, each in enumerate(paid, 1):
            part = left if at == len(paid) else settled.fee.value * each.fee.value // total
            left -= part
            key = (charge.day, each.kind, each.means)
            found[key] = found.get(key, Yen(0)) + Yen(part)
    return found
