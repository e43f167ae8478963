"""A day of some forty residents, closed to the yen and to the count; its report comes out of the journal by commands.
`make campaign` has the day of three hundred."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kiosk import stats_cli
from kiosk.check import main as check
from kiosk.journal import records as r
from kiosk.statistics.facts import Facts, gather
from tests.statistics.day import Day, japan_day

RESIDENTS = 40


@pytest.fixture(scope="module")
def day() -> Day:
    day = Day(7)
    day.run(RESIDENTS)
    return day


def compare_counts(day: Day) -> Facts:
    """Statistics, journal and truth are one."""
    truth, facts = day.truth, gather(day.entries, "本庁", japan_day(), japan_day())
    assert len(facts.visits) + truth.interrupted == truth.visits
    booked = Counter(each.record.kind for each in day.entries if isinstance(each.record, r.LineBooked))
    assert Counter(each.kind for each in facts.papers) == booked
    assert sum(booked.values()) == len(day.world.physics.printed), (
        "each paper that came out is booked, and no other"
    )
    told = Counter[str]()
    for visit in facts.visits:
        told.update(dict(visit.told.papers))
    by_staff = sum(
        isinstance(each.record, r.IncidentOpened) and each.record.code == "R-503" for each in day.entries
    )
    cut = 2 * truth.deaths
    # copies of a visit whose papers were all out when the core died: nothing was left to take up
    missing = sum(booked.values()) - sum(told.values())
    assert 0 <= missing <= by_staff + cut, "what staff settled belongs to no visit"
    given_up = Counter(
        (each.told.step, each.told.end)
        for each in facts.visits
        if (each.told.step, each.told.end) in truth.given_up
    )
    assert given_up == truth.given_up
    assert Counter((each.question, each.answer) for each in facts.ratings) == truth.ratings
    languages = Counter(each.told.language for each in facts.visits if each.told.end != "interrupted")
    assert sum(languages.values()) >= sum(truth.languages.values()) - truth.languages[""]
    assert len(facts.calls) >= truth.calls
    answers = Counter(each.answered_s for each in facts.calls if each.answered_s is not None)
    apart = (answers - Counter(truth.answers_s)) + (Counter(truth.answers_s) - answers)
    assert sum(apart.values()) <= truth.deaths, "the core died with the answer"
    return facts


def test_the_day_closes_to_the_yen_and_to_the_count(day: Day) -> None:
    day.compare_money()
    facts = compare_counts(day)
    assert sum(day.truth.failures.values()) >= 5
    assert facts.last is not None and facts.last.date() == japan_day()


def test_its_report_comes_out_of_the_journal_without_small_cells(
    day: Day, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal.db"
    day.write_journal(journal)
    assert check(["--journal", str(journal)]) == 0
    capsys.readouterr()
    for family in ("all", "visits", "metrics"):
        assert stats_cli.main([family, "--journal", f"{journal}=本庁"]) == 0
        text = capsys.readouterr().out
        assert text
        if family == "all":
            assert "証明書の種類別交付件数" in text and "<10" in text
        if family == "metrics":
            assert 'madoguchi_cash_yen{place="本庁"} 26400' in text
    out = tmp_path / "figures.csv"
    argv = ["counts", "--journal", f"{journal}=本庁", "--csv", "--out", str(out), "--from", f"{japan_day()}"]
    assert stats_cli.main(argv) == 0
    assert out.read_text(encoding="utf-8").startswith("\ufeff")
    assert stats_cli.main(["list"]) == 0
    assert "件数" in capsys.readouterr().out
    assert stats_cli.main(["counts"]) == 1 and stats_cli.main(["counts", "--journal", "nothing.db"]) == 1
    facts = gather(day.entries, "本庁")
    for table, labels, value in stats_cli.figures(facts):
        assert value == -1 or value == 0 or value >= 10 or table in ("incidents",) or "seconds" in table, (
            table,
            labels,
        )
