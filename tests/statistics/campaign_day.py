"""A day of 300 residents with failures, in virtual time; closed, and its report written to build/day.txt, its 日計表 as
pages to build/day.pdf. Part of `make campaign`."""

from __future__ import annotations

import contextlib
import io
import secrets
import sys
import tempfile
from pathlib import Path

from kiosk import stats_cli
from kiosk.report_pdf import pdf_of
from kiosk.treasury import paper
from tests.statistics.day import Day
from tests.statistics.test_day import compare_counts

RESIDENTS = 300
REPORT = Path("build/day.txt")


def main() -> int:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else secrets.randbits(32)
    day = Day(seed)
    try:
        day.run(RESIDENTS)
        day.compare_money()
        facts = compare_counts(day)
    except BaseException:
        print(f"day: seed {seed}, resident {day.truth.visits}")
        raise
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(report(day, seed), encoding="utf-8")
    REPORT.with_suffix(".pdf").write_bytes(pdf_of(day.sheet()))
    print(
        f"day: seed {seed}, {day.truth.visits} residents, {len(facts.papers)} papers; closed; report in {REPORT}"
    )
    print(day.words())
    return 0


def report(day: Day, seed: int) -> str:
    """What happened, 日計表, and every family of figures, from the journal by the command."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
        journal = Path(folder) / "journal.db"
        day.write_journal(journal)
        stats_cli.main(["all", "--journal", f"{journal}=本庁"])
    return f"seed {seed}\n{day.words()}\n\n{paper.text(day.sheet())}\n\n{out.getvalue()}"


if __name__ == "__main__":
    sys.exit(main())
