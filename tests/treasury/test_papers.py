"""The papers: each record in one day, each yen in one 払込, the same bytes each time, and no clock has a say."""

from __future__ import annotations

import csv
import io
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import intents, ports
from kiosk.ids import DeviceId, OpId, TransactionId
from kiosk.journal import records as r
from kiosk.journal.accounts import ZERO
from kiosk.journal.ledger import EMPTY, decode, encode, imbalances
from kiosk.journal.records import Fund, Share
from kiosk.money import Cash, Denomination, Yen
from kiosk.report_pdf import pages_of, pdf_of
from kiosk.slips import kinds_of
from kiosk.treasury.days import Entry, days, era_year, fiscal_year, japan_date
from kiosk.treasury.discrepancy import case_of, discrepancy
from kiosk.treasury.exchange_slip import exchange_slip
from kiosk.treasury.matching import (
    Settled,
    charges_of,
    fates,
    four_way,
    kept_by_trustee,
    matched,
    read_statement,
    reconciliations,
)
from kiosk.treasury.paper import SPECIMEN_LINE, Paper, csv_of, slip, text
from kiosk.treasury.paper import csv as csv_form
from kiosk.treasury.refusals import RefusedError
from kiosk.treasury.remittance import assessment, payment_slip, remittances, revenue_rows
from kiosk.treasury.sheets import day_sheet, month_sheet, receipts_of, year_end
from kiosk.treasury.words import Town
from tests.engine.notes_world import BOX1, NotesWorld
from tests.engine.world import World
from tests.treasury.desk import OFFICER, code, moved, start

TOWN = Town(
    name="例示市",
    machine="kiosk-test",
    section="市民課",
    payee="例示市会計管理者",
    bank="例示銀行",
    fund=Yen(13_200),
    kinds=kinds_of("ja"),
    brands={"edy": "楽天Edy"},
    revenues=(
        ("juminhyo", 2020, "14-01", "旧科目"),
        ("juminhyo", 2026, "14-02", "住民基本台帳手数料"),
    ),
)


def entries_of(records: list[r.AnyRecord], first_hour: str = "2026-11-20T01") -> list[Entry]:
    """One a second; the clock is only written down."""
    return [
        Entry(at, f"{first_hour}:{at // 60 % 60:02}:{at % 60:02}+00:00", record)
        for at, record in enumerate(records, 1)
    ]


def pays(world: World, face: Denomination = Denomination.COIN500) -> None:
    world.until_pay()
    while world.loop.state.accepting:
        world.insert(face)
    world.take_all()
    world.tap(intents.Next)


def cancels(world: World) -> None:
    world.until_pay()
    world.insert(Denomination.COIN100)
    world.tap(intents.Cancel)
    world.take_all()
    world.time_out("stage")


def exchanged(world: World, purpose: str, *units: r.UnitAfter, **more: object) -> str:
    number = start(world, purpose, *(each.unit for each in units))
    assert code(world, OFFICER, intents.EndExchange(exchange=number, units=units, **more)) == ""
    for each in units:
        face = next(h.denomination for h in world.setup.hoppers if h.device == each.unit)
        world.physics.units[each.unit] += each.put_in[face] - each.taken_out[face]
    return number


def close(world: World) -> None:
    assert code(world, OFFICER, intents.CloseDay()) == ""


@pytest.fixture(scope="module")
def three_days() -> list[r.AnyRecord]:
    world = World().boot()
    pays(world)
    pays(world, Denomination.COIN100)
    close(world)
    cancels(world)
    pays(world)
    exchanged(world, "collect", moved("hopper500", taken_out=1))
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.UNKNOWN
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)
    world.take_all()
    for _ in range(3):
        world.time_out("stage")
    world.physics.print_outcome = ports.Outcome.CONFIRMED
    close(world)
    (account,) = world.ledger.accounts.values()
    (line,) = account.lines
    assert code(world, OFFICER, intents.SettlePaper(line=line, came_out=True, reason="in the tray")) == ""
    exchanged(world, "recount", moved(counted=20), reason="unknown")
    exchanged(world, "collect", moved(taken_out=4))
    close(world)
    pays(world)
    return world.records


def papers(records: list[r.AnyRecord]) -> list[Paper]:
    entries = entries_of(records)
    found = list(days(entries))
    closed = [each for each in found if each.is_closed]
    case = case_of(entries, "E-0002")
    assert case is not None
    begun = next(each for each in entries if isinstance(each.record, r.ExchangeStarted))
    ended = next(each for each in entries if isinstance(each.record, r.ExchangeEnded))
    return [
        *(day_sheet(each, TOWN) for each in found),
        month_sheet(closed, "2026-11", TOWN),
        year_end(closed, 2026, TOWN),
        exchange_slip(begun.record, begun.wall, ended.record, ended.wall, TOWN),
        discrepancy(case, TOWN),
        *(payment_slip(each, TOWN) for each in remittances(entries)),
        four_way(fates(entries), None, TOWN),
    ]


def test_each_record_is_in_exactly_one_day(three_days: list[r.AnyRecord]) -> None:
    found = list(days(entries_of(three_days)))
    assert [each.number for each in found] == [1, 2, 3, 0]
    seen = [entry.seq for day in found for entry in day.entries]
    assert seen == list(range(1, len(three_days) + 1))
    booked = [sum(isinstance(entry.record, r.LineBooked) for entry in day.entries) for day in found]
    printed = [sum(e.count for e in receipts_of(day.before.totals, day.after.totals)) for day in found]
    assert booked == printed == [2, 1, 1, 1], "a doubt of day 2 that was settled on day 3 is a fee of day 3"
    cash = [
        Yen.sum(e.record.denomination.face for e in day.entries if isinstance(e.record, r.CoinIn))
        for day in found
    ]
    assert cash == [day.after.totals.cash_in - day.before.totals.cash_in for day in found]


def test_a_paper_printed_again_is_the_same_to_the_byte(three_days: list[r.AnyRecord]) -> None:
    """Also when the journal has grown since, and when it was folded from a sealed balance instead of its beginning."""
    was = papers(three_days)
    world = World(list(three_days)).boot()
    pays(world)
    grown = papers(world.records)
    for at, paper in enumerate(was):
        if (
            paper.kind in ("day", "exchange", "discrepancy", "payment", "month") and at != 3
        ):  # 3: the open day
            for form in (text, csv_form, slip):
                assert form(paper) == form(grown[at])
    entries = entries_of(three_days)
    second = list(days(entries))[1]
    sealed = decode(encode(second.before))
    again = next(days(entries[sealed.seq :], sealed))
    assert text(day_sheet(again, TOWN)) == text(day_sheet(second, TOWN))


def test_a_page_says_what_the_text_says_and_again_the_same_to_the_byte(
    three_days: list[r.AnyRecord], tmp_path: Path
) -> None:
    """日計表 and 月計表 as A4, read back by a stranger; a letter that the font lacks is still read as itself."""
    town = msgspec.structs.replace(TOWN, section="市民課 \u845b\U000e0100 \U0002000b")
    closed = [each for each in days(entries_of(three_days)) if each.is_closed]
    training = msgspec.structs.replace(month_sheet(closed * 20, "2026-11", town), is_specimen=True)
    for paper in (day_sheet(closed[1], town), training):
        made, pages = pages_of(paper)
        assert paper.kind == "month" or made == pdf_of(paper)
        file = tmp_path / f"{paper.kind}.pdf"
        file.write_bytes(made)
        subprocess.run(["qpdf", "--check", file], check=True, capture_output=True, timeout=60)
        said = subprocess.run(
            ["pdftotext", "-layout", file, "-"], check=True, capture_output=True, text=True, timeout=60
        ).stdout
        found = ["".join(line.split()) for line in said.splitlines() if line.strip()]
        marks = [line for line in found if line == "".join(SPECIMEN_LINE.split())]
        assert len(marks) == (pages if paper.is_specimen else 0), "on every page of a training machine"
        found = [line for line in found if line not in marks]
        feet = [line for line in found if line.startswith(paper.title) and "/" in line]
        assert feet == [f"{paper.title}{number}/{pages}" for number in range(1, pages + 1)]
        tables = [
            list(map("".join, (table.head, *table.rows))) if table.rows else [] for table in paper.tables
        ]
        wanted = [paper.title, *("".join(each) for each in paper.facts)]
        for table, rows in zip(paper.tables, tables, strict=True):
            wanted += [f"■{table.title}", *(rows or [table.empty])]
        wanted += [*(f"※{each}" for each in paper.remarks), "".join(paper.seals)]
        heads = {"".join(table.head) for table in paper.tables}
        once = [line for line in found if line not in feet and line not in heads]
        assert once == [line for line in ("".join(each.split()) for each in wanted) if line not in heads], (
            "each row of the paper, in its order"
        )


def test_no_clock_moves_a_record_to_another_day(three_days: list[r.AnyRecord]) -> None:
    early = list(days(entries_of(three_days)))
    late = list(days([Entry(e.seq, "2031-01-01T00:00:00+00:00", e.record) for e in entries_of(three_days)]))
    assert [[e.seq for e in day.entries] for day in early] == [[e.seq for e in day.entries] for day in late]
    assert [day.after for day in early] == [day.after for day in late]


def test_the_sheet_says_what_happened(three_days: list[r.AnyRecord]) -> None:
    first, second, third = (text(each) for each in papers(three_days)[:3])
    assert "住民票の写し  現金     2         400" in first
    assert "UNKNOWN" in second and "R-503" in second
    assert "E-0002 精査" in third and "原因不明" in third
    assert all(each in first for each in ("取扱者", "出納員", "会計管理者", "officer1", "hopper500"))


def test_a_discrepancy_holds_the_books_against_the_devices_own_counter() -> None:
    """A hopper let out one piece more than it said and the books know: its own counter tells."""
    world = World().boot()
    pays(world)
    world.physics.lifetime["hopper100"] += 1
    world.event(world._hopper_read(next(h for h in world.setup.hoppers if h.device == "hopper100")))
    number = exchanged(world, "recount", moved(counted=16), reason="overpaid")
    case = case_of(entries_of(world.records), number)
    assert case is not None
    (window,) = case.windows
    assert (window.paid_by_books, window.paid_by_device) == (3, 4)
    said = text(discrepancy(case, TOWN))
    assert "0001" in said and "払出し前: 回数計" in said and "過払い" in said


def test_a_discrepancy_of_notes_names_each_note_and_what_nobody_can_place() -> None:
    world = NotesWorld().boot()
    world.until_pay()
    world.run(1)
    world.note()
    world.run(4)
    world.take_all()
    world.tap(intents.Next)
    number = start(world, "recount", BOX1)
    counted = r.UnitAfter(BOX1, Cash({Denomination.NOTE1000: 30}))
    assert (
        code(world, OFFICER, intents.EndExchange(exchange=number, units=(counted,), reason="unknown")) == ""
    )
    lost = r.CreditsUnknown("coin1", 1, 2, None)
    records = [*world.records[:-2], lost, *world.records[-2:]]
    case = case_of(entries_of(records), number)
    assert case is not None
    said = text(discrepancy(case, TOWN))
    assert "投入 ¥1,000" in said and "券種" in said and "0001" in said
    assert "読めなかった投入 最大 2 枚" in said, "it may lie in any unit"


def test_the_funds_of_a_sheet_add_up(three_days: list[r.AnyRecord]) -> None:
    for day in days(entries_of(three_days)):
        assert imbalances(day.after) == ()
        (table,) = (each for each in day_sheet(day, TOWN).tables if each.title.startswith("機械の中のお金"))
        amounts = [int(row[1].replace(",", "")) for row in table.rows]
        assert sum(amounts[:-1]) == amounts[-1] == day.after.in_units.value


def test_the_month_is_the_sum_of_its_days_whatever_the_labels(three_days: list[r.AnyRecord]) -> None:
    closed = [each for each in days(entries_of(three_days)) if each.is_closed]
    paper = month_sheet(closed, "2026-11", TOWN)
    assert paper.tables[0].rows[-1] == ("合計", "", "4", "800")
    assert [row[0] for row in paper.tables[1].rows] == ["1", "2", "3"]


@settings(max_examples=40, deadline=None)
@given(takes=st.lists(st.integers(1, 5), min_size=1, max_size=6), visits=st.integers(1, 6))
def test_each_yen_of_a_fee_is_in_exactly_one_payment_slip(takes: list[int], visits: int) -> None:
    """Collections of any size, in any order with the payments: the slips add up to what was taken, oldest first."""
    world = World().boot()
    taken = 0
    for at, pieces in enumerate(takes):
        for _ in range(visits if at % 2 == 0 else 0):
            pays(world, Denomination.COIN100)
        part = min(pieces * 100, world.ledger.receipts_inside.value)
        if part:
            shares = (Share(Fund.RECEIPTS, Yen(-part)),)
            exchanged(world, "collect", moved(taken_out=part // 100), shares=shares)
            taken += part
    found = remittances(entries_of(world.records))
    assert sum(each.amount.value for each in found) == taken == world.ledger.remitted.value
    assert sum(part[3] for each in found for part in each.parts) == -(-taken // 200)


def test_a_payment_slip_is_of_the_year_in_which_the_fee_came_in() -> None:
    world = World().boot()
    pays(world, Denomination.COIN100)
    pays(world, Denomination.COIN100)
    exchanged(world, "collect", moved(taken_out=4))
    entries, booked = [], 0
    for each in entries_of(world.records):
        booked += isinstance(each.record, r.LineBooked)
        wall = "2026-03-31T14:59:59+00:00" if booked < 2 else "2026-03-31T15:00:00+00:00"  # midnight in Japan
        entries.append(Entry(each.seq, wall, each.record))
    (found,) = remittances(entries)
    assert [(year, amount) for _, year, amount, _ in found.parts] == [(2025, Yen(200)), (2026, Yen(200))]
    said = text(payment_slip(found, TOWN))
    assert "令和7年度  14-01" in said and "令和8年度  14-02" in said


@pytest.mark.parametrize(
    ("date", "year"), [("2026-03-31", 2025), ("2026-04-01", 2026), ("2027-01-01", 2026), ("", 0)]
)
def test_the_fiscal_year_begins_in_april(date: str, year: int) -> None:
    assert fiscal_year(date) == year


def test_words_of_years_and_dates() -> None:
    assert era_year(2026) == "令和8年度"
    assert japan_date("2026-03-31T15:00:00+00:00") == "2026-04-01"


def test_files_for_the_towns_books(three_days: list[r.AnyRecord]) -> None:
    closed = [each for each in days(entries_of(three_days)) if each.is_closed]
    rows = list(csv.reader(io.StringIO(csv_of(revenue_rows(closed, TOWN)))))
    assert [row[1] for row in rows[1:]] == ["1", "2", "3"]
    assert sum(int(row[9]) for row in rows[1:]) == 800
    assert all(row[4:6] == ["14-02", "住民基本台帳手数料"] and row[10] == "0" for row in rows[1:])
    due = assessment(closed, "2026-11", TOWN)
    assert due[1][:7] == ("2026", "2026-11", "市民課", "14-02", "住民基本台帳手数料", "4", "800")


def test_a_cell_is_never_a_formula() -> None:
    assert csv_of([("=1+1", "-100", "+1,200", "-x", '"a",b')]) == '\'=1+1,-100,"+1,200",\'-x,"""a"",b"\r\n'


# --- cashless -------------------------------------------------------------------------------------------------


def cashless(number: int, fees: tuple[int, ...], *, voided: bool = False) -> list[r.AnyRecord]:
    """A payment by a terminal and its papers, as the core writes it."""
    tx, op = f"t{number}", OpId(f"p{number}")
    lines = tuple(
        r.OrderedLine(f"l{number}-{at}", "juminhyo", Yen(fee), f"R8-{number}", 1)
        for at, fee in enumerate(fees)
    )
    total = Yen(sum(fees))
    made: list[r.AnyRecord] = [
        r.TransactionOpened(tx, f"{number:04d}", total, lines),
        r.PaymentIntended(op, tx, "terminal1", "POI", total, "edy"),
        r.PaymentSettled(op, tx, total, "confirmed", f"S-{number}"),
    ]
    if voided:
        return [
            *made,
            r.ReversalIntended(OpId(f"v{number}"), op, tx, "terminal1", "POI", total, "edy"),
            r.ReversalSettled(OpId(f"v{number}"), tx, "confirmed"),
            r.TransactionClosed(tx, "failed"),
        ]
    for each in lines:
        job = OpId("j" + each.line)
        made += [
            r.CommitIntended(tx, each.line),
            r.LineCommitted(tx, each.line),
            r.PrintIntended(job, tx, each.line, "certificate1", 1),
            r.PrintSettled(job, tx, each.line, "confirmed", 1),
            r.LineBooked(tx, each.line, "juminhyo", each.fee, "edy"),
            r.PrintedReported(tx, each.line),
        ]
    return [*made, r.TransactionClosed(tx, "issued")]


STATEMENT = (
    "利用日,伝票番号,ブランド,金額,手数料\r\n2026-11-20,S-1,edy,200,7\r\n2026-11-20,S-2,edy,500,16\r\n"
)


def test_the_trustees_file_is_matched_by_slip_number() -> None:
    records = [
        *cashless(1, (200,)),
        *cashless(2, (200, 300)),
        *cashless(3, (200,)),
        *cashless(4, (200,), voided=True),
        r.DayClosed(1, "officer1", "2026-11-20"),
    ]
    entries = entries_of(records)
    more = "2026-11-20,S-9,edy,900,30\r\n2026-11-20,S-4,edy,200,7\r\n2026-11-20,S-4,edy,-200,-7\r\n"
    found = matched(charges_of(entries), read_statement(STATEMENT + more))
    assert [charge.reference for charge, _ in found.both] == ["S-1", "S-2"]
    assert [each.reference for each in found.only_ours] == ["S-3"]
    assert [each.reference for each in found.only_theirs] == ["S-9"]
    kept = kept_by_trustee(fates(entries), found)
    assert kept == {(1, "juminhyo", "edy"): Yen(23)}
    (day, _) = days(entries)
    (row,) = revenue_rows([day], TOWN, kept)[1:]
    assert row[7:] == ("楽天Edy", "4", "900", "23", "877", "23"), (
        "the town books the fee whole; 公金振替 moves the rest"
    )
    (bare,) = revenue_rows([day], TOWN)[1:]
    assert bare[10:] == ("", "", ""), "nobody knows yet"
    odd = four_way(fates(entries), found, TOWN).tables[1].rows
    assert [(row[0], row[4]) for row in odd] == [("0003", "入金が確認できない")]


def test_another_amount_and_a_slip_twice_are_told() -> None:
    charges = charges_of(entries_of(cashless(1, (200,))))
    other = Settled("S-1", "edy", Yen(300), ZERO, "")
    assert matched(charges, [other]).differing == ((charges[0], other),)
    same = Settled("S-1", "edy", Yen(200), ZERO, "")
    assert matched(charges, [same, same]).twice == (same,)


@pytest.mark.parametrize(
    "bad", ["", "a,b\r\n1,2\r\n", "伝票番号,ブランド,金額,手数料,利用日\r\n,edy,2,1,x\r\n", STATEMENT + "x,y"]
)
def test_a_file_that_is_no_statement_is_refused(bad: str) -> None:
    with pytest.raises(RefusedError):
        read_statement(bad)


def test_paid_and_not_printed_is_never_silent() -> None:
    records = cashless(1, (200,))
    lost = [each for each in records if not isinstance(each, (r.PrintSettled, r.PrintedReported))]
    (row,) = four_way(fates(entries_of(lost)), None, TOWN).tables[1].rows
    assert "印刷 0/1 ページ" in row[4] and "受領がまだ" in row[4]


def test_an_empty_journal_has_papers_too() -> None:
    (today,) = days([])
    assert today.after == EMPTY
    assert "なし" in text(day_sheet(today, TOWN))


def test_what_terminals_counted_stands_beside_the_journal() -> None:
    def settled(op: str, amount: int, means: str = "edy", device: str = "terminal1") -> list[r.AnyRecord]:
        return [
            r.PaymentIntended(OpId(op), TransactionId("t" + op), DeviceId(device), "POI", Yen(amount), means),
            r.PaymentSettled(OpId(op), TransactionId("t" + op), Yen(amount), "confirmed", "00001"),
        ]

    def asked(op: str) -> r.AnyRecord:
        return r.ReconciliationIntended(OpId(op), DeviceId("terminal1"), "POI")

    def told(op: str, *totals: r.TerminalTotal, outcome: str = "confirmed") -> r.AnyRecord:
        return r.ReconciliationEnded(OpId(op), DeviceId("terminal1"), outcome, totals)

    records: list[r.AnyRecord] = [
        *settled("p1", 300),
        *settled("p2", 200, "waon"),
        r.ReversalIntended(
            OpId("v2"), OpId("p2"), TransactionId("tp2"), DeviceId("terminal1"), "POI", Yen(200), "waon"
        ),
        r.ReversalSettled(OpId("v2"), TransactionId("tp2"), "confirmed"),
        *settled("p3", 400, "scan", "codes1"),
        r.DayClosed(1, "officer", "2026-11-20"),
        asked("r1"),
        *settled("p4", 300),  # after it was asked: of the next day
        told(
            "r1",
            r.TerminalTotal("edy", 1, Yen(300), 0, Yen(0)),
            r.TerminalTotal("waon", 1, Yen(200), 1, Yen(200)),
        ),
        r.DayClosed(2, "officer", "2026-11-21"),
        asked("r2"),
        told("r2", r.TerminalTotal("edy", 2, Yen(600), 0, Yen(0))),
        r.DayClosed(3, "officer", "2026-11-22"),
        *settled("p5", 500),
        asked("r3"),
        told("r3", outcome="unknown"),
        r.DayClosed(4, "officer", "2026-11-23"),
        *settled("p6", 100),
        asked("r4"),
        told("r4", r.TerminalTotal("edy", 2, Yen(600), 0, Yen(0))),  # it had not ended day 3
        r.DayClosed(5, "officer", "2026-11-24"),
        *settled("p7", 100),
        asked("r5"),  # and the core died
    ]
    found = reconciliations(entries_of(records))
    assert [(each.day, each.brand, each.agrees, each.theirs is None) for each in found] == [
        (1, "edy", True, False),
        (1, "waon", True, False),
        (2, "edy", False, False),
        (3, "edy", False, True),
        (4, "edy", True, False),
        (5, "edy", False, True),
    ]
    page = text(four_way((), None, TOWN, found))
    assert "端末の日計" in page
    assert [word for word in ("一致", "不一致", "応答なし") if word in page] == ["一致", "不一致", "応答なし"]
    assert imbalances(EMPTY) == ()
