"""用紙受払: every sheet is somewhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import stationery_cli
from kiosk.errors import JournalError
from kiosk.ids import DeviceId, LineId, OpId, TransactionId
from kiosk.journal import records as r
from kiosk.money import Yen
from kiosk.slips import JST
from kiosk.stationery import Act, Book, Day, Entry, Print, days, prints

DEMO = Path(__file__).parents[2] / "drivers/simpanel/demo"
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=JST)
TX = TransactionId("t")
PRINTER = DeviceId("certificate1")


def at(day: int, hour: int = 9) -> datetime:
    return NOW.replace(day=day, hour=hour)


def test_a_month_of_paper(tmp_path: Path) -> None:
    book = Book(tmp_path / "paper.jsonl")
    book.add(at(2), Act.IN, "security", 500, "sato")
    book.add(at(3, 12), Act.SPOILED, "security", 2, "sato", "紙詰まり")
    book.add(at(4, 17), Act.COUNTED, "security", 490, "suzuki")
    book.add(at(5), Act.REMOVED, "security", 90, "suzuki")
    book.add(at(5), Act.IN, "plain", 1000, "sato")
    printed = [
        Print("2026-11-02T10:00:00+09:00", "security", "2026-00000001-52", 1, True),
        Print("2026-11-03T10:00:00+09:00", "security", "2026-00000002-49", 4, True),
        Print("2026-11-03T11:00:00+09:00", "security", "2026-00000003-46", 1, False),
        Print("2026-11-04T10:00:00+09:00", "plain", "2026-00000004-43", 9, True),
    ]
    assert days(book.entries(), printed, "security") == [
        Day("2026-11-02", came=500, used=1, left=499),
        Day("2026-11-03", used=4, spoiled=3, left=492, doubts=("2026-00000003-46",)),
        Day("2026-11-04", left=490, difference=-2),
        Day("2026-11-05", removed=90, left=400),
    ]


def test_each_printer_has_its_own_book_and_old_lines_are_the_firsts(tmp_path: Path) -> None:
    book = Book(tmp_path / "paper.jsonl")
    book.add(at(2), Act.IN, "security", 500, "sato")
    book.add(at(2), Act.IN, "security", 300, "sato", printer="certificate2")
    printed = [
        Print("2026-11-02T10:00:00+09:00", "security", "a", 2, True, PRINTER),
        Print("2026-11-02T11:00:00+09:00", "security", "b", 5, True, "certificate2"),
    ]
    entries = book.entries()
    of = {
        each: days(entries, printed, "security", each, PRINTER)[-1].left
        for each in (PRINTER, "certificate2", "")
    }
    assert of == {PRINTER: 498, "certificate2": 295, "": 793}
    (tmp_path / "old").write_bytes(b"")
    old = {key: value for key, value in msgspec.to_builtins(entries[0]).items() if key != "printer"}
    (tmp_path / "old").write_bytes(msgspec.json.encode(old) + b"\n")
    assert Book(tmp_path / "old").entries()[0].printer == "", "a book of before this column is still one"


@given(st.lists(st.tuples(st.sampled_from([*Act, None]), st.integers(0, 50)), max_size=30))
def test_nothing_is_lost(moves: list[tuple[Act | None, int]]) -> None:
    """What came, less what went, with every difference said, is what is left."""
    entries, printed = [], []
    for number, (act, sheets) in enumerate(moves):
        when = NOW.replace(day=1 + number // 2, minute=number).isoformat()
        if act is None:
            printed.append(Print(when, "plain", "", sheets, number % 3 > 0))
        else:
            entries.append(Entry(when, act, "plain", sheets, "", "", ""))
    left = 0
    for each in days(entries, printed, "plain"):
        left += each.came - each.used - each.spoiled - each.removed + each.difference
        assert each.left == left


def test_the_chain_tells_a_changed_or_missing_line(tmp_path: Path) -> None:
    file = tmp_path / "paper.jsonl"
    book = Book(file)
    for sheets in (500, 3, 7):
        book.add(NOW, Act.IN, "plain", sheets, "sato")
    assert [each.sheets for each in book.entries()] == [500, 3, 7]
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    other = whole.replace(b":3,", b":2,")
    for changed in (other, lines[0] + lines[2], whole + b"{}\n", whole.replace(b"sato", b"kato")):
        file.write_bytes(changed)
        with pytest.raises(JournalError):
            book.entries()
        with pytest.raises(JournalError):
            book.add(NOW, Act.IN, "plain", 1, "sato")
        assert file.read_bytes() == changed


@pytest.mark.parametrize(
    ("outcome", "pages", "expected"),
    [
        ("confirmed", 4, (2, True)),
        ("unknown", 3, (2, False)),
        ("partial", 1, (1, False)),
        ("refused", 0, None),
    ],
)
def test_sheets_are_what_the_journal_says_came_out(
    outcome: str, pages: int, expected: tuple[int, bool] | None
) -> None:
    line = r.OrderedLine(LineId("l"), "juminhyo", Yen(200), "S", 4)
    journal: list[tuple[str, r.AnyRecord]] = [
        ("2026-11-20T00:00:00Z", r.TransactionOpened(TX, "0001", Yen(200), (line,))),
        ("2026-11-20T00:01:00Z", r.PrintIntended(OpId("o"), TX, LineId("l"), PRINTER, 4, 2)),
        ("2026-11-20T00:02:00Z", r.PrintSettled(OpId("o"), TX, LineId("l"), outcome, pages)),
    ]
    found = list(prints(journal, {PRINTER: "security"}))
    if expected is None:
        assert found == []
    else:
        assert found == [Print("2026-11-20T00:02:00Z", "security", "S", *expected, PRINTER)]


def test_a_journal_from_before_has_one_page_a_sheet() -> None:
    journal: list[tuple[str, r.AnyRecord]] = [
        ("2026-11-20T00:01:00Z", r.PrintIntended(OpId("o"), TX, LineId("l"), PRINTER, 2)),
        ("2026-11-20T00:02:00Z", r.PrintSettled(OpId("o"), TX, LineId("l"), "confirmed", 2)),
    ]
    assert [each.sheets for each in prints(journal, {})] == [2]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = (DEMO / "machine.toml").read_text(encoding="utf-8")
    lines = [f'state = "{tmp_path}"' if line.startswith("state =") else line for line in machine.splitlines()]
    lines = [f'journal = "{tmp_path}/none.db"' if line.startswith("journal =") else line for line in lines]
    (tmp_path / "machine.toml").write_text("\n".join(lines), encoding="utf-8")
    config = ["--config", str(tmp_path / "machine.toml"), "--config", str(DEMO / "municipality.toml")]
    assert stationery_cli.main(["in", "--sheets", "500", *config]) == 0
    assert stationery_cli.main(["spoiled", "--sheets", "1", "--note", "紙詰まり", *config]) == 0
    assert stationery_cli.main(["count", "--sheets", "498", *config]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "certificate1 plain: 残 500 枚",
        "certificate1 plain: 残 499 枚",
        "certificate1 plain: 残 498 枚",
    ]
    (entry, *_) = Book(tmp_path / stationery_cli.FILE).entries()
    assert stationery_cli.main(["report", "--month", entry.at[:7], "--csv", *config]) == 0
    head, day, total = capsys.readouterr().out.splitlines()
    assert head.startswith("日付,受入,使用,書損")
    assert day == f"{entry.at[:10]},500,0,1,0,498,-1,"
    assert total == "計,500,0,1,0,498,-1,"
    assert stationery_cli.main(["in", "--sheets", "1", "--printer", "receipt1", *config]) == 1
    (tmp_path / stationery_cli.FILE).write_bytes(b"{}\n")
    assert stationery_cli.main(["in", "--sheets", "1", *config]) == 1
