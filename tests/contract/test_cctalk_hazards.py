"""The README's table of hazards names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_hazard_has_the_tests_that_the_readme_names() -> None:
    page = (ROOT / "drivers/cctalk/README.md").read_text()
    table = page.partition("## Hazards")[2].partition("\n## ")[0]
    rows = [row for row in table.splitlines() if row.startswith("| ") and "`tests/" not in row]
    assert rows
    written = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for row in rows:
        names = re.findall(r"`(test_\w+)`", row)
        assert names, row
        missing = [name for name in names if f"def {name}(" not in written]
        assert not missing
