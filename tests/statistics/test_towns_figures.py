"""docs/statistics.md: every figure of its table comes out of a simulated day by the command that stands beside it."""

from __future__ import annotations

import csv
import io
import re
import shlex
from pathlib import Path

import pytest

from kiosk import stats_cli
from kiosk.statistics import words
from kiosk.statistics.cells import LEAST, LEAST_EVER
from kiosk.statistics.families import FAMILIES
from tests.statistics.day import Day

PAGE = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| `kiosk-stats (.+?)` \| ([a-z ]+) \|$", PAGE, re.MULTILINE)
TOWN = re.findall(r"```csv\n(.+?)```", PAGE, re.DOTALL)[0]
NAMED = (
    "満足度", "交付件数", "利用者数", "所要時間", "待ち時間", "滞在時間", "住民票等", "閉庁時間帯",
    "コンビニ交付率", "端末利用率", "削減時間", "発行時間", "申請書", "問い合わせ", "平均待ち人数",
    "最大待機人数", "不安なく", "3以上", "金額", "件数", "支払の時間", "週あたり", "職員の満足度", "待ち時間の短縮",
)  # fmt: skip
"""What the towns' plans call their figures: none may be missing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day in a journal, and the town's list and holidays where the page's commands look for them."""
    path = tmp_path_factory.mktemp("figures")
    day = Day(11)
    day.run(100)
    day.write_journal(path / "journal.db")
    readings = "".join(f"{each}\n" * 5 for each in TOWN.splitlines() if each.startswith(("queue", "wait")))
    (path / "town.csv").write_text(TOWN + readings, encoding="utf-8")
    (path / "holidays.csv").write_text("date,name\n2026-11-03,文化の日\n", encoding="utf-8")
    return path


def told(folder: Path, command: str, least: int) -> dict[str, list[list[str]]]:
    """The tables of a command's CSV: name -> rows of cells."""
    out = folder / "out.csv"
    argv = [str(folder / each) if each.endswith(".csv") else each for each in shlex.split(command)]
    argv += ["--journal", f"{folder / 'journal.db'}=本庁", "--least", str(least), "--language", "en"]
    assert stats_cli.main([*argv, "--csv", "--out", str(out)]) == 0
    tables: dict[str, list[list[str]]] = {}
    for block in out.read_text(encoding="utf-8-sig").split("\n\n"):
        name, _, *rows = list(csv.reader(io.StringIO(block.strip()))) or [[""], []]
        tables[name[0]] = rows
    return tables


def test_every_figure_of_the_table_has_a_number(folder: Path) -> None:
    assert len(ROWS) == PAGE.count("| `kiosk-stats "), "a line of the table is not read"
    tables = {command: told(folder, command, LEAST_EVER) for command in {row[1] for row in ROWS}}
    for figure, command, table in ROWS:
        numbers = [cell for row in tables[command][table] for cell in row if re.fullmatch(r"-?[\d,.]+", cell)]
        assert numbers, f"{figure}: {command} gives nothing in {table}"


def test_no_small_cell_leaves_by_any_of_them(folder: Path) -> None:
    for command in {row[1] for row in ROWS} - {"machine"}:
        for table, rows in told(folder, command, LEAST).items():
            if rows and words.TABLES[table].endswith("件数"):
                counts = [int(row[-1].replace(",", "")) for row in rows if not row[-1].startswith("<")]
                assert all(each == 0 or each >= LEAST for each in counts), (table, rows)


def test_the_towns_words_are_all_there_and_no_family_is_left_out() -> None:
    figures = " ".join(row[0] for row in ROWS)
    assert [each for each in NAMED if each not in figures] == []
    assert {row[1].split()[0] for row in ROWS} == set(FAMILIES)
    assert {row[2] for row in ROWS} <= set(words.TABLES)
