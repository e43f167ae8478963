"""What a printer's answers mean: readiness by table, and the outcome of a print by transcript."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from drivers.ipp.codec import (
    Attribute,
    Group,
    GroupTag,
    Message,
    Value,
    ValueTag,
    boolean,
    encode,
    integer,
    text,
)
from drivers.ipp.device import (
    BLOCKING_REASONS,
    PATH_REASONS,
    Action,
    CancelJob,
    JobFacts,
    JobState,
    Limits,
    Paper,
    PrinterFacts,
    Watch,
    job_facts,
    observe,
    printer_facts,
    wait,
)
from kiosk.ids import DeviceId, OpId
from kiosk.ports import Outcome, PageImprinted, PrintEnded

A4 = Paper()
KEYWORD = ValueTag.KEYWORD


def printer(state: int = 3, *reasons: str, paper: Paper = A4, **replaced: Attribute | None) -> PrinterFacts:
    """A good A4 printer, with some attributes replaced (`media_ready=None` leaves it out)."""
    attributes: dict[str, Attribute | None] = {
        "printer_state": Attribute("printer-state", (Value(ValueTag.ENUM, state),)),
        "reasons": text(KEYWORD, "printer-state-reasons", *(reasons or ("none",))),
        "accepting": boolean("printer-is-accepting-jobs", True),
        "formats": text(ValueTag.MIME_MEDIA_TYPE, "document-format-supported", "application/pdf"),
        "media": text(KEYWORD, "media-supported", "na_letter_8.5x11in", "iso_a4_210x297mm"),
        "media_ready": text(KEYWORD, "media-ready", "iso_a4_210x297mm"),
        "scaling": text(KEYWORD, "print-scaling-supported", "fit", "none"),
        "sides": text(KEYWORD, "sides-supported", "one-sided"),
        "operations": Attribute(
            "operations-supported", tuple(Value(ValueTag.ENUM, each) for each in range(2, 12))
        ),
    }
    attributes |= replaced
    return printer_facts(Group(GroupTag.PRINTER, tuple(each for each in attributes.values() if each)), paper)


IDLE = printer()
BUSY = printer(4)


def test_a_tray_is_asked_for_as_a_collection() -> None:
    """RFC 8010 §3.1.6, byte by byte; `media` is not said beside it."""
    media, *others = Paper(tray="tray-2").template()[1:]
    assert [each.name for each in others] == ["print-scaling", "sides"]
    message = encode(Message(0x0005, 1, (Group(GroupTag.JOB, (media,)),)))
    expected = (
        "0200 0005 00000001 02"
        " 34 0009 6d656469612d636f6c 0000"  # begin media-col
        " 4a 0000 000a 6d656469612d73697a65 34 0000 0000"  # media-size: begin
        " 4a 0000 000b 782d64696d656e73696f6e 21 0000 0004 00005208"
        " 4a 0000 000b 792d64696d656e73696f6e 21 0000 0004 00007404"
        " 37 0000 0000"
        " 4a 0000 000c 6d656469612d736f75726365 44 0000 0006 747261792d32"
        " 37 0000 0000 03"
    )
    assert message == bytes.fromhex(expected)


def _trays(*levels: int) -> Attribute:
    said = (
        f"type=sheetFeedAutoRemovableTray;maxcapacity=250;level={level};status=0;name=tray-{at};".encode()
        for at, level in enumerate(levels, 1)
    )
    return Attribute("printer-input-tray", tuple(Value(ValueTag.OCTET_STRING, each) for each in said))


SOURCES = text(KEYWORD, "media-source-supported", "tray-1", "tray-2")


@pytest.mark.parametrize(
    ("tray", "levels", "sheets"),
    [
        ("", (120, 7), 127),
        ("tray-2", (120, 7), 7),
        ("tray-1", (0, 7), 0),
        ("", (120, -2), None),  # unknown
        ("tray-1", (-3, 7), None),  # at least one: no count
        ("", (), None),
    ],
)
def test_sheets_are_counted_where_the_paper_comes_from(
    tray: str, levels: tuple[int, ...], sheets: int | None
) -> None:
    said = _trays(*levels) if levels else None
    assert printer(paper=Paper(tray=tray), source=SOURCES, trays=said).sheets == sheets


def test_a_tray_that_the_printer_calls_otherwise_is_found_by_its_place() -> None:
    said = Attribute(
        "printer-input-tray",
        tuple(Value(ValueTag.OCTET_STRING, each) for each in (b"level=3;", b"level=9;name=x;")),
    )
    assert printer(paper=Paper(tray="tray-2"), source=SOURCES, trays=said).sheets == 9
    assert printer(paper=Paper(tray="tray-2"), source=SOURCES, trays=_trays(1, 2)).sheets == 2
    nonsense = Attribute("printer-input-tray", (Value(ValueTag.OCTET_STRING, b"\xff;level=\xc2\xb2;=;"),))
    assert printer(trays=nonsense).sheets is None


@pytest.mark.parametrize(("tray", "unfit"), [("main", ()), ("tray-2", ("no-tray",)), ("", ())])
def test_a_tray_that_is_not_there(tray: str, unfit: tuple[str, ...]) -> None:
    source = text(KEYWORD, "media-source-supported", "main", "by-pass-tray")
    assert printer(paper=Paper(tray=tray), source=source).obstacles == unfit


def test_a_good_printer_is_ready() -> None:
    assert IDLE.is_ready
    assert IDLE.obstacles == ()


@pytest.mark.parametrize("reason", sorted(BLOCKING_REASONS))
@pytest.mark.parametrize("suffix", ["", "-error", "-warning", "-report"])
def test_a_blocking_reason_blocks_whatever_its_suffix(reason: str, suffix: str) -> None:
    facts = printer(3, reason + suffix)
    assert facts.obstacles == (reason,)
    assert not facts.is_ready


@pytest.mark.parametrize(
    ("word", "is_ready"),
    [
        ("media-low-warning", True),
        ("toner-low-report", True),
        ("cleaner-life-almost-over", True),
        ("maker-special-error", False),
        ("maker-special-warning", True),
    ],
)
def test_an_unknown_reason_blocks_only_when_it_is_called_an_error(word: str, is_ready: bool) -> None:
    assert printer(3, word).is_ready is is_ready


@pytest.mark.parametrize(
    ("facts", "obstacle"),
    [
        (printer(5), "stopped"),
        (printer(accepting=boolean("printer-is-accepting-jobs", False)), "not-accepting"),
        (printer(formats=text(ValueTag.MIME_MEDIA_TYPE, "document-format-supported", "image/urf")), "no-pdf"),
        (printer(media=text(KEYWORD, "media-supported", "na_letter_8.5x11in")), "no-media"),
        (printer(media_ready=text(KEYWORD, "media-ready", "na_letter_8.5x11in")), "media-needed"),
        (printer(scaling=None), "no-true-size"),
        (printer(sides=text(KEYWORD, "sides-supported", "two-sided-long-edge")), "no-sides"),
        (printer(operations=None), "no-operations"),
        (printer(9), "no-state"),
    ],
)
def test_what_stands_in_the_way_is_named(facts: PrinterFacts, obstacle: str) -> None:
    assert obstacle in facts.obstacles
    assert not facts.is_ready


def test_a_printer_that_does_not_tell_what_is_loaded_is_trusted() -> None:
    assert printer(media_ready=None).is_ready


# --- the outcome of a print ---------------------------------------------------------------------------------

NAME = "madoguchi-op1"
NO_VALUE = object()


def job(state: JobState, pages: int | None, begun: bool = True, name: str = NAME) -> JobFacts:
    attributes = [
        text(ValueTag.NAME, "job-name", name),
        Attribute("job-state", (Value(ValueTag.ENUM, state),)),
        integer("time-at-processing", 5) if begun else Attribute("time-at-processing", (Value(0x13, None),)),
    ]
    if pages is not None:
        attributes.append(integer("job-impressions-completed", pages))
    return job_facts(Group(GroupTag.JOB, tuple(attributes)), A4)


def watch(pages: int = 3) -> Watch:
    limits = Limits(page_timeout_s=60.0, cancel_timeout_s=10.0, settle_timeout_s=5.0)
    return Watch(
        op=OpId("op1"),
        device=DeviceId("certificate1"),
        name=NAME,
        asked=pages,
        limits=limits,
        progressed_at_s=0.0,
    )


def play(
    *seen: tuple[JobFacts, PrinterFacts], begin: Watch | None = None, each_s: float = 1.0
) -> list[Action]:
    """All that the watch does while the printer gives these answers, one a second."""
    now, watched = 0.0, begin or watch()
    actions: list[Action] = []
    for facts, state in seen:
        assert not watched.is_over, "the watch was over before"
        now += each_s
        watched, done = observe(watched, facts, state, now)
        actions += done
    return actions


def end(actions: list[Action]) -> tuple[Outcome, int, str]:
    ended = [each for each in actions if isinstance(each, PrintEnded)]
    assert len(ended) == 1
    return ended[0].outcome, ended[0].pages, ended[0].code


def test_every_page_counted_job_completed_printer_idle_is_confirmed() -> None:
    actions = play(
        (job(JobState.PENDING, 0, begun=False), IDLE),
        (job(JobState.PROCESSING, 1), BUSY),
        (job(JobState.PROCESSING, 3), BUSY),
        (job(JobState.COMPLETED, 3), BUSY),
        (job(JobState.COMPLETED, 3), IDLE),
    )
    assert [each.pages for each in actions if isinstance(each, PageImprinted)] == [1, 3]
    assert end(actions) == (Outcome.CONFIRMED, 3, "")


def test_a_jam_that_was_cleared_and_went_on_is_confirmed() -> None:
    actions = play(
        (job(JobState.PROCESSING, 1), printer(4, "media-jam-warning")),
        (job(JobState.PROCESSING, 2), BUSY),
        (job(JobState.COMPLETED, 3), IDLE),
    )
    assert end(actions)[0] is Outcome.CONFIRMED


def test_the_last_sheet_of_the_tray_is_confirmed() -> None:
    """Empty when idle is no doubt about what came out."""
    assert end(play((job(JobState.COMPLETED, 3), printer(3, "media-empty-report"))))[0] is Outcome.CONFIRMED


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        # "completed" alone is never enough
        ([(job(JobState.COMPLETED, None), IDLE)], (Outcome.UNKNOWN, 0, "no-count")),
        ([(job(JobState.COMPLETED, 2), IDLE)] * 7, (Outcome.UNKNOWN, 2, "count-short")),
        ([(job(JobState.COMPLETED, 3), BUSY)] * 7, (Outcome.UNKNOWN, 3, "not-idle")),
        (
            [(job(JobState.COMPLETED, 3), printer(3, "cover-open"))] * 7,
            (Outcome.UNKNOWN, 3, "not-idle"),
        ),
        ([(job(JobState.PROCESSING, 4), BUSY), (job(JobState.COMPLETED, 4), IDLE)], (Outcome.UNKNOWN, 3, "count-over")),
        # nothing came out: only where it never began
        ([(job(JobState.ABORTED, 0, begun=False), IDLE)], (Outcome.REFUSED, 0, "aborted")),
        ([(job(JobState.CANCELED, None, begun=False), IDLE)], (Outcome.REFUSED, 0, "canceled")),
        ([(job(JobState.ABORTED, None), IDLE)], (Outcome.UNKNOWN, 0, "aborted")),
        (
            [(job(JobState.PROCESSING, 0), BUSY), (job(JobState.ABORTED, 0), IDLE)],
            (Outcome.UNKNOWN, 0, "aborted"),
        ),
        # some came out, and nothing lies in the path
        (
            [(job(JobState.PROCESSING, 2), BUSY), (job(JobState.ABORTED, 2), IDLE)],
            (Outcome.PARTIAL, 2, "aborted"),
        ),
        (
            [(job(JobState.PROCESSING, 2), printer(5, "media-jam")), (job(JobState.CANCELED, 2), IDLE)],
            (Outcome.UNKNOWN, 2, "canceled"),
        ),
        # all counted, and yet not completed
        ([(job(JobState.CANCELED, 3), IDLE)], (Outcome.UNKNOWN, 3, "canceled")),
        # another job under our number: the printer was restarted
        ([(job(JobState.COMPLETED, 3, name="madoguchi-other"), IDLE)], (Outcome.UNKNOWN, 0, "job-forgotten")),
    ],
)  # fmt: skip
def test_how_a_print_ends(
    seen: list[tuple[JobFacts, PrinterFacts]], expected: tuple[Outcome, int, str]
) -> None:
    actions: list[Action] = []
    watched, now = watch(), 0.0
    for facts, state in seen:
        if watched.is_over:
            break
        now += 1.0
        watched, done = observe(watched, facts, state, now)
        actions += done
    assert end(actions) == expected


def test_without_another_page_the_job_is_cancelled_once_and_then_given_up() -> None:
    empty = (job(JobState.PROCESSING, 1), printer(4, "media-empty"))
    actions = play(*[empty] * 14, each_s=5.0)
    assert [type(each) for each in actions] == [PageImprinted, CancelJob]
    actions = play(*[empty] * 15, each_s=5.0)
    assert actions[1] == CancelJob()
    assert end(actions) == (Outcome.UNKNOWN, 1, "timeout")


def test_a_printer_that_is_silent_is_waited_for_like_one_that_does_not_print() -> None:
    watched, actions = wait(watch(), 59.0)
    assert actions == ()
    watched, actions = wait(watched, 61.0)
    assert actions == (CancelJob(),)
    watched, actions = wait(watched, 70.0)
    assert actions == ()
    watched, actions = wait(watched, 72.0)
    assert end(list(actions)) == (Outcome.UNKNOWN, 0, "timeout")
    assert watched.is_over


def test_a_document_in_doubt_is_cancelled_only_while_the_printer_still_waits_for_it() -> None:
    doubtful = replace(watch(), is_doubtful=True)
    held, gone = job(JobState.HELD, 0, begun=False), job(JobState.CANCELED, 0, begun=False)
    actions = play((held, IDLE), (held, IDLE), (gone, IDLE), begin=doubtful)
    assert actions[0] == CancelJob()
    assert end(actions) == (Outcome.REFUSED, 0, "canceled")
    printing = (job(JobState.PENDING, 0, begun=False), IDLE), (job(JobState.PROCESSING, 1), BUSY)
    actions = play(*printing, (job(JobState.COMPLETED, 3), IDLE), begin=doubtful)
    assert CancelJob() not in actions
    assert end(actions) == (Outcome.CONFIRMED, 3, "")


jobs = st.builds(job, st.sampled_from(JobState), st.none() | st.integers(0, 5), st.booleans())
states = st.builds(
    printer,
    st.integers(3, 5),
    st.sampled_from(["none", "media-empty", *sorted(PATH_REASONS)]),
)


@given(st.lists(st.tuples(jobs, states), max_size=30))
def test_whatever_a_printer_says_confirmed_and_refused_are_proven(
    seen: list[tuple[JobFacts, PrinterFacts]],
) -> None:
    watched = watch()
    for at, (facts, state) in enumerate(seen):
        watched, actions = observe(watched, facts, state, float(at))
        for action in actions:
            if isinstance(action, PrintEnded) and action.outcome is Outcome.CONFIRMED:
                assert facts.state == JobState.COMPLETED
                assert facts.pages == watched.printed == action.pages == 3
                assert state.is_idle
            if isinstance(action, PrintEnded) and action.outcome is Outcome.REFUSED:
                assert all(not before.pages for before, _ in seen[: at + 1])
                assert all(before.state not in (5, 6, 9) for before, _ in seen[: at + 1])
        if watched.is_over:
            return
