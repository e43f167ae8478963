"""docs/cash-proof.md names tests, and they exist: every hazard and every property has at least one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/cash-proof.md").read_text(encoding="utf-8")
PROPERTIES, HAZARDS = 20, 18


def _rows(heading: str) -> list[str]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [row for row in section.splitlines() if row.startswith("| ") and not row.startswith("| |")][1:]


def _rows_of_properties() -> list[str]:
    section = PAGE.partition("## Twenty properties\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| \d+ \|.*$", section, re.MULTILINE)


@pytest.fixture(scope="module")
def written() -> frozenset[str]:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    return frozenset(re.findall(r"^ *def (\w+)\(", text, re.MULTILINE))


def test_every_property_and_every_hazard_stands_there() -> None:
    numbers = [int(row.split("|")[1]) for row in _rows_of_properties()]
    assert numbers == list(range(1, PROPERTIES + 1))
    assert len(_rows("Hazards")) == HAZARDS


@pytest.mark.parametrize("row", [*_rows("Hazards"), *_rows_of_properties()])
def test_each_is_held_by_tests_that_exist(row: str, written: frozenset[str]) -> None:
    names = re.findall(r"`(\w+)`", row.rpartition(" | ")[2])
    assert names, row
    assert [name for name in names if name not in written] == []
