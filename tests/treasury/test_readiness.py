"""The readiness report: the last result of each test, what was never tested, and the pages that are filed."""

from __future__ import annotations

import msgspec
import pypdfium2

from kiosk.engine import desk_tests
from kiosk.journal import records as r
from kiosk.journal.ledger import EMPTY, fold
from kiosk.report_pdf import pdf_of
from kiosk.treasury.days import Entry
from kiosk.treasury.readiness import readiness
from kiosk.treasury.words import Town

WALL = "2026-11-20T01:24:00+00:00"
RECORDS = (
    r.Started("1.2.3", "boot"),
    r.StaffTested("disk", "T-0031", False),
    r.StaffTested("receipt", "T-0031", True),
    r.StaffTested("disk", "T-0031", True),
    r.IncidentOpened("i1", "R-502"),
)


def test_the_last_result_counts_and_what_was_not_tested_says_so() -> None:
    entries = [Entry(seq, WALL, each) for seq, each in enumerate(RECORDS, 1)]
    ledger = EMPTY
    for entry in entries:
        ledger = fold(ledger, entry.seq, entry.record)
    made = readiness(entries, ledger, Town("例示市", "kiosk-1"))
    rows = {row[0]: row[1:] for row in made.tables[0].rows}
    assert rows["記録装置"] == ("合格", "2026-11-20 10:24", "T-0031")
    assert rows["カメラ"] == ("未実施", "", "")
    assert dict(made.facts)["判定"] == "未実施あり" and dict(made.facts)["合格"] == "2 件"
    assert dict(made.facts)["不合格"] == "0 件" and dict(made.facts)["未実施"] == "14 件"
    assert "R-502" in made.tables[1].rows[0][0]
    assert ledger.tests["disk"].has_passed


def test_pages_are_a4_and_as_many_as_the_lines_need() -> None:
    made = readiness([Entry(1, WALL, RECORDS[0])], EMPTY, Town("例示市", "kiosk-1"))
    longer = msgspec.structs.replace(made, tables=made.tables * 6)
    for each, pages in ((made, 1), (longer, 3)):
        with pypdfium2.PdfDocument(pdf_of(each)) as document:
            assert len(document) == pages
            wide, high = document[0].get_size()
            assert (round(wide), round(high)) == (595, 842)


def test_the_printers_test_page_is_one_page_of_a4() -> None:
    with pypdfium2.PdfDocument(desk_tests.test_page()) as document:
        assert len(document) == 1
        assert [round(each) for each in document[0].get_size()] == [595, 842]
        assert "NOT A CERTIFICATE" in document[0].get_textpage().get_text_range()
