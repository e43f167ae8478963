"""The driver against Debian's ippeveprinter: good days and bad ones. What lies in the tray is the truth."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from kiosk.ports import (
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    Outcome,
    PageImprinted,
    PrinterRead,
)
from tests.codec.pdfs import make_pdf
from tests.contract.ipp_bench import Bench, Driven

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def running() -> Iterator[Bench]:
    with Bench() as bench:
        yield bench


@pytest.fixture
def bench(running: Bench) -> Bench:
    """The printer as new: alive, fast, without fault."""
    running.do("restart")
    running.do("slow", "0")
    running.do("clear")
    return running


@pytest.fixture
def driven(bench: Bench) -> Iterator[Driven]:
    with Driven(bench, page_timeout_s=2.0, cancel_timeout_s=2.0, settle_timeout_s=1.5) as driven:
        yield driven


def test_a_document_comes_out_as_it_was_sent_and_is_confirmed(bench: Bench, driven: Driven) -> None:
    document = driven.send("one", pages=3)
    ended = driven.end("one")
    assert (ended.outcome, ended.pages) == (Outcome.CONFIRMED, 3)
    assert driven.told.of(PageImprinted)[-1].pages == 3
    assert bench.last_paper() == document
    assert bench.printed[-1] == (3, 3)


def test_a_paper_with_backs_out_of_its_own_tray(bench: Bench) -> None:
    """media-col with the tray, and both sides: a stranger's printer understands what it is asked."""
    sides = "two-sided-long-edge"
    with Driven(
        bench, page_timeout_s=2.0, cancel_timeout_s=2.0, settle_timeout_s=1.5, tray="main", sides=sides
    ) as driven:
        driven.send("one", pages=3, sides=sides)
        ended = driven.end("one")
        driven.send("two", pages=3)
        fronts = driven.end("two")
    assert (ended.outcome, ended.pages) == (fronts.outcome, fronts.pages) == (Outcome.CONFIRMED, 3)
    assert bench.printed[-2:] == [(3, 3), (3, 3)]
    assert bench.sheets[-2:] == [2, 3], "a back is on the sheet of its front"


def test_a_back_is_not_printed_by_a_printer_that_was_not_meant_for_it(bench: Bench, driven: Driven) -> None:
    before = bench.printed
    driven.send("one", pages=2, sides="two-sided-long-edge")
    ended = driven.end("one")
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, "no-sides")
    assert bench.printed == before


def test_the_printer_counts_its_sheets_and_the_core_hears_it(bench: Bench, driven: Driven) -> None:
    bench.do("tray", "5")
    assert driven.told.until(PrinterRead, lambda read: read.sheets == 5).is_ready
    driven.send("one", pages=3)
    assert driven.end("one").outcome is Outcome.CONFIRMED
    if not any(
        read.sheets == 2 for read in driven.told.of(PrinterRead)
    ):  # it may have been told with the last page
        assert driven.told.until(PrinterRead, lambda read: read.sheets == 2).is_ready
    bench.do("tray", "250")


def test_a_tray_that_the_printer_lacks_takes_no_job(bench: Bench) -> None:
    with Driven(bench, tray="tray-9") as driven:
        assert [each.code for each in driven.told.of(DeviceFault)] == ["no-tray"]


def test_the_printer_says_who_it_is(driven: Driven) -> None:
    assert "SN SIM-0001" in driven.told.of(DeviceArrived)[0].identity


@pytest.mark.parametrize(
    ("verb", "reason"),
    [("out-of-paper", "media-empty"), ("jam", "media-jam"), ("cover-open", "cover-open"), ("no-toner", "toner-empty")],
)  # fmt: skip
def test_a_fault_before_the_print_is_told_and_nothing_is_sent(
    bench: Bench, driven: Driven, verb: str, reason: str
) -> None:
    before = bench.printed
    bench.do(verb)
    assert driven.told.until(DeviceFault).code == reason
    driven.send("one")
    ended = driven.end("one")
    assert (ended.outcome, ended.pages, ended.code) == (Outcome.REFUSED, 0, reason)
    assert bench.printed == before
    bench.do("clear")
    assert driven.told.until(PrinterRead, lambda read: read.is_ready).reasons == ()


def test_paper_that_runs_out_in_the_middle_and_is_filled_goes_on(bench: Bench, driven: Driven) -> None:
    bench.do("slow", "0.2")
    driven.send("one", pages=3)
    driven.told.until(PageImprinted)
    bench.do("out-of-paper")
    assert driven.told.until(DeviceFault).code == "media-empty"
    assert bench.printed[-1][0] < 3
    bench.do("clear")
    assert driven.end("one").outcome is Outcome.CONFIRMED
    assert bench.printed[-1] == (3, 3)


def test_paper_that_stays_out_ends_the_job_so_that_it_never_prints_later(
    bench: Bench, driven: Driven
) -> None:
    bench.do("slow", "0.2")
    driven.send("one", pages=3)
    driven.told.until(PageImprinted)
    bench.do("out-of-paper")
    ended = driven.end("one")
    assert ended.outcome in (Outcome.PARTIAL, Outcome.UNKNOWN)
    out = bench.printed[-1][0]
    assert ended.pages == out < 3
    bench.do("clear")
    driven.told.until(PrinterRead, lambda read: read.is_ready)
    driven.send("two")
    assert driven.end("two").outcome is Outcome.CONFIRMED
    assert bench.printed[-2:] == [(out, 3), (1, 1)]


def test_a_jam_in_the_middle_is_unknown(bench: Bench, driven: Driven) -> None:
    bench.do("slow", "0.2")
    driven.send("one", pages=3)
    driven.told.until(PageImprinted)
    bench.do("jam")
    assert driven.end("one").outcome is Outcome.UNKNOWN


def test_an_abort_after_two_pages_is_partial(bench: Bench, driven: Driven) -> None:
    bench.do("abort-next", "2")
    driven.send("one", pages=3)
    ended = driven.end("one")
    assert (ended.outcome, ended.pages) == (Outcome.PARTIAL, 2)
    assert bench.printed[-1] == (2, 3)


def test_completed_with_a_page_less_is_not_believed(bench: Bench, driven: Driven) -> None:
    bench.do("miscount-next")
    driven.send("one", pages=2)
    ended = driven.end("one")
    assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "count-short")


def test_a_printer_that_dies_in_the_middle_is_lost_then_unknown(bench: Bench, driven: Driven) -> None:
    bench.do("slow", "0.2")
    driven.send("one", pages=3)
    driven.told.until(PageImprinted)
    bench.do("die")
    assert driven.told.until(DeviceLost).code == "no-connection"
    ended = driven.end("one")
    assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "timeout")
    assert ended.pages <= bench.printed[-1][0] < 3


def test_a_printer_restarted_in_the_middle_has_forgotten_and_nothing_is_sent_again(
    bench: Bench, driven: Driven
) -> None:
    bench.do("slow", "0.2")
    driven.send("one", pages=3)
    driven.told.until(PageImprinted)
    jobs = len(bench.printed)
    bench.do("restart")
    ended = driven.end("one")
    assert (ended.outcome, ended.code) == (Outcome.UNKNOWN, "job-forgotten")
    bench.do("slow", "0")
    driven.send("two")
    assert driven.end("two").outcome is Outcome.CONFIRMED
    assert len(bench.printed) == jobs + 1


def test_a_printer_that_is_away_refuses_and_comes_back(bench: Bench, driven: Driven) -> None:
    bench.do("die")
    driven.told.until(DeviceLost)
    driven.send("one")
    assert driven.end("one").outcome is Outcome.REFUSED
    assert not driven.read().is_ready
    bench.do("restart")
    driven.told.until(DeviceArrived)
    assert driven.told.until(PrinterRead).is_ready


def test_a_job_left_by_a_core_that_died_is_cancelled_before_the_printer_is_ready(bench: Bench) -> None:
    bench.do("slow", "0.2")
    with Driven(bench) as killed:
        killed.send(secrets.token_hex(16), pages=3)
        killed.told.until(PageImprinted)
        bench.do("slow", "30")
    with Driven(bench) as fresh:
        assert fresh.told.of(PrinterRead)[0].reasons == ("old-job",)
        fresh.told.until(PrinterRead, lambda read: read.is_ready)
    assert bench.printed[-1][0] < 3


@pytest.mark.parametrize(
    ("pdf", "pages", "sha256", "code"),
    [
        (make_pdf(2), 1, "", "wrong-pages"),
        (make_pdf(1), 1, "00" * 32, "wrong-hash"),
        (b"not a document", 1, "", "unreadable"),
    ],
)
def test_bytes_that_are_not_the_checked_ones_are_never_sent(
    bench: Bench, driven: Driven, pdf: bytes, pages: int, sha256: str, code: str
) -> None:
    before = bench.printed
    driven.send("one", pages=pages, pdf=pdf, sha256=sha256)
    ended = driven.end("one")
    assert (ended.outcome, ended.code) == (Outcome.REFUSED, code)
    assert bench.printed == before


def test_nothing_of_a_person_is_in_the_job(bench: Bench, driven: Driven) -> None:
    """A stranger's client reads the whole job: the machine's name, and a random id."""
    driven.send("0123456789abcdef")
    driven.end("0123456789abcdef")
    said = bench.ipptool("get-completed-jobs.test")
    assert "job-name (nameWithoutLanguage) = madoguchi-0123456789abcdef" in said
    assert "job-originating-user-name (nameWithoutLanguage) = kiosk" in said
