"""Each family of the towns' figures from facts of which the answer is known by hand."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

import pytest

from kiosk.journal import records as r
from kiosk.money import Yen
from kiosk.slips import JST
from kiosk.statistics import words, writing
from kiosk.statistics.cells import Shown, shown, shown_together
from kiosk.statistics.facts import Call, Facts, Paper, Rating, Visit, gather
from kiosk.statistics.families import FAMILIES, GROUPS, Beside, Hours, Question, quantile
from kiosk.treasury.days import Entry

MONDAY = datetime(2026, 11, 30, 10, 0, tzinfo=JST)
SUNDAY = datetime(2026, 11, 29, 10, 0, tzinfo=JST)
LATE = datetime(2026, 11, 30, 20, 0, tzinfo=JST)


def visit(end: str = "issued", seconds: float = 60.0, at: datetime = MONDAY, **more: Any) -> Visit:
    times = (r.StepTime("pin", 10.0), r.StepTime("pay", seconds - 10.0))
    fields: dict[str, Any] = {"language": "ja", "end": end, "step": "take", "times": times, **more}
    return Visit(at, "本庁", r.VisitEnded(**fields))


def paper(kind: str = "juminhyo", means: str = "cash", fee: int = 200, at: datetime = MONDAY) -> Paper:
    return Paper(at, "本庁", kind, Yen(fee), means)


def tables(family: str, facts: Facts, **more: Any) -> dict[str, Shown]:
    return {each.name: each for each in shown_together(FAMILIES[family](Question(facts, **more)))}


def cells(table: Shown) -> dict[str, tuple[Any, ...]]:
    return {" ".join(labels): values for labels, values in table.rows}


def test_counts_by_kind_group_hour_and_band() -> None:
    facts = Facts(
        papers=(
            *(paper() for _ in range(30)),
            *(paper("inkan_shomei", at=SUNDAY) for _ in range(20)),
            *(paper("kazei_shomei", at=LATE) for _ in range(15)),
        )
    )
    found = tables("counts", facts)
    assert cells(found["papers by kind"]) == {"juminhyo": (30,), "inkan_shomei": (20,), "kazei_shomei": (15,)}
    assert cells(found["papers by group"]) == {"resident": (30,), "seal": (20,), "tax": (15,)}
    assert cells(found["papers by hour"]) == {"10": (50,), "20": (15,)}
    bands = cells(tables("bands", facts)["papers by band"])
    assert bands == {"open": (30,), "holiday": (20,), "evening": (15,)}
    closed = Hours(time(8, 30), time(17, 15), frozenset({MONDAY.date()}))
    assert cells(tables("bands", facts, hours=closed)["papers by band"]) == {"holiday": (65,)}


def test_shares_with_the_towns_own_numbers() -> None:
    facts = Facts(
        visits=(
            *(visit() for _ in range(80)),
            *(visit("left", step="kinds") for _ in range(10)),
            *(visit("refused", step="card", codes=("C-104",), is_assisted=True) for _ in range(10)),
        ),
        papers=tuple(paper() for _ in range(80)),
    )
    beside = Beside((("counter juminhyo", 120.0), ("konbini juminhyo", 200.0)))
    found = cells(tables("rates", facts, beside=beside)["rates"])
    assert found["completed"] == (80.0, 100)
    assert found["assisted"] == (10.0, 100)
    assert found["kiosk among kiosk and counter"] == (40.0, 200)
    assert found["kiosk among all"] == (20.0, 400)
    assert found["konbini among all"] == (50.0, 400)
    told = tables("visits", facts)
    assert cells(told["given up at step"]) == {"kinds left": (10,), "card refused": (10,)}
    assert cells(told["refusals by code"]) == {"C-104": (10,)}


def test_cashless_by_count_and_by_amount() -> None:
    facts = Facts(papers=(*(paper() for _ in range(60)), *(paper(means="edy", fee=300) for _ in range(20))))
    found = tables("cashless", facts)
    assert cells(found["cashless share"]) == {"by count": (25.0, 80), "by amount": (33.3, 80)}
    assert cells(found["yen by means"]) == {"cash": (12000,), "edy": (6000,)}


def test_times_are_nearest_rank_of_issued_visits_only() -> None:
    dice = random.Random(1)
    seconds = [float(each) for each in range(41, 141)]
    dice.shuffle(seconds)
    facts = Facts(visits=(*(visit(seconds=each) for each in seconds), visit("left", seconds=9999)))
    found = tables("times", facts)
    assert cells(found["seconds of a visit"])["all"] == (90.0, 130.0, 100)
    assert cells(found["seconds by step"])["pin"] == (10.0, 10.0, 100)
    assert cells(tables("saved", facts, beside=Beside((("minutes", 10.0),)))["saved"]) == {
        "minutes per application": (8.5,),
        "hours in all": (14.2,),
    }
    assert quantile([], 0.5) == 0.0


def test_waiting_and_enquiries() -> None:
    facts = Facts(
        calls=(
            *(Call(MONDAY, "本庁", "resident", "pay", each, each + 30, "helped") for each in range(20)),
            *(Call(MONDAY, "本庁", "machine", "issue", None, 300, "over") for _ in range(12)),
        )
    )
    beside = Beside((("queue", 2.0), ("queue", 10.0)) * 6 + (("enquiries", 44.0),))
    found = tables("waiting", facts, beside=beside)
    assert cells(found["seconds of a call"]) == {"answered": (9.0, 17.0, 20), "helped": (39.0, 47.0, 20)}
    assert cells(found["people waiting"]) == {"mean": (6.0,), "most": (10.0,)}
    assert cells(tables("enquiries", facts, beside=beside)["enquiries"]) == {
        "calls at the machine": (20,),
        "at the counter": (44,),
    }


def test_what_is_hidden_in_one_table_is_no_difference_of_two_others() -> None:
    """Eight family registers of the one form hide the fifteen of the other: the group's count is known."""
    kinds = {"juminhyo": 30, "inkan_shomei": 12, "koseki_zenbu": 8, "koseki_kojin": 15}
    facts = Facts(
        visits=(
            *(visit() for _ in range(90)),
            *(visit("left", step="kinds") for _ in range(20)),
            *(visit("refused", step="card") for _ in range(12)),
            *(visit("interrupted", step="pay") for _ in range(7)),
            *(visit(is_assisted=True, seconds=99) for _ in range(4)),
        ),
        papers=tuple(paper(kind) for kind, count in kinds.items() for _ in range(count)),
    )
    counts = tables("counts", facts)
    assert cells(counts["papers by group"]) == {"resident": (30,), "seal": (12,), "koseki": (23,)}
    hidden = {kind for kind, values in cells(counts["papers by kind"]).items() if values == (None,)}
    assert {"koseki_zenbu", "koseki_kojin"} <= hidden
    assert hidden == {
        key.split()[0]
        for key, values in cells(counts["papers by kind and hour"]).items()
        if values == (None,)
    }
    told = tables("visits", facts)
    assert cells(told["visits by end"])["refused"] == (None,), "or the seven that were cut would be known"
    assert cells(told["given up at step"]) == {"kinds left": (None,), "card refused": (None,)}
    whole = cells(tables("times", facts)["seconds of a visit"])
    assert whole["alone"] == whole["assisted"] == (None, None, None) and whole["all"][2] == 94


def test_what_the_town_alone_counts() -> None:
    facts = Facts(visits=(*(visit() for _ in range(30)), *(visit("left") for _ in range(9))))
    own = (
        [("wait-before", 20.0)] * 12
        + [("wait-now", 5.0)] * 10
        + [("forms 転入届", 40.0), ("forms その他", 2.0)]
    )
    own += [("staff good", 12.0), ("staff fair", 10.0), ("staff poor", 10.0)]
    beside = Beside(tuple(own))
    assert cells(tables("waiting", facts, beside=beside)["minutes waiting at the counter"]) == {
        "before": (20.0,),
        "now": (5.0,),
        "shorter by": (15.0,),
    }
    assert cells(tables("forms", facts, beside=beside)["forms not written"]) == {
        "applications at the kiosk": (30,),
        "転入届": (40,),
        "その他": (None,),
    }
    assert cells(tables("staff", facts, beside=beside)["satisfaction of staff"]) == {"staff": (68.8, 32)}


def test_satisfaction_and_who_would_do_it_alone() -> None:
    facts = Facts(
        visits=tuple(visit() for _ in range(200)),
        ratings=(
            *(Rating(MONDAY, "本庁", "ease", "good") for _ in range(60)),
            *(Rating(MONDAY, "本庁", "ease", "fair") for _ in range(20)),
            *(Rating(MONDAY, "本庁", "ease", "poor") for _ in range(20)),
            *(Rating(MONDAY, "本庁", "alone", "yes") for _ in range(45)),
            *(Rating(MONDAY, "本庁", "alone", "no") for _ in range(15)),
        ),
    )
    found = cells(tables("satisfaction", facts)["satisfaction"])
    assert found == {"ease": (80.0, 100), "alone": (75.0, 60), "answered": (50.0, 200)}


def entries(records: Iterable[r.AnyRecord], wall: str = "2026-11-29T15:30:00+00:00") -> list[Entry]:
    return [Entry(seq, wall, record) for seq, record in enumerate(records, 1)]


def test_the_journal_as_facts_and_a_day_is_japans() -> None:
    """15:30 UTC is half past midnight of the next day in Japan."""
    told = entries(
        [
            r.Started("0.1.0", "b"),
            r.StaffCalled("resident", "pay"),
            r.CallAnswered(12, "page"),
            r.CallEnded(40, "helped"),
            r.StaffCalled("machine", "issue", "R-501"),
            r.Started("0.1.0", "b"),
            r.LineBooked("t" * 32, "l" * 32, "juminhyo", Yen(200), "cash"),
            r.VisitEnded("ja", "issued", "take", papers=(("juminhyo", 1),)),
            r.Rated("ease", "good"),
            r.IncidentOpened("i", "R-501"),
            r.StaffCalled("resident", "idle"),
        ]
    )
    facts = gather(told, "本庁", date(2026, 11, 30), date(2026, 11, 30))
    assert [(each.answered_s, each.ended_s, each.how) for each in facts.calls] == [
        (12, 40, "helped"),
        (None, None, "cut"),
        (None, None, "open"),
    ]
    assert (len(facts.visits), len(facts.papers), facts.restarts) == (1, 1, 2)
    assert [(each.question, each.answer) for each in facts.ratings] == [("ease", "good")]
    assert facts.visits[0].at.hour == 0
    assert "t" * 32 not in repr(facts)
    assert gather(told, "本庁", last=date(2026, 11, 29)) == Facts()
    both = facts + facts
    assert len(both.visits) == 2 and both.restarts == 4


def test_every_family_answers_on_nothing_and_has_a_japanese_name() -> None:
    named = set()
    for name in FAMILIES:
        for each in FAMILIES[name](Question(Facts())):
            shown(each)
            named.add(each.name)
    named |= {"people waiting", "minutes waiting at the counter"}
    assert named == set(words.TABLES)
    assert {words.word("", kind, "ja") for kind in GROUPS}.isdisjoint(GROUPS)


def test_csv_says_how_small_and_is_read_by_a_spreadsheet() -> None:
    facts = Facts(
        papers=(*(paper() for _ in range(30)), paper("fuhyo"), *(paper("inkan_shomei") for _ in range(12)))
    )
    found = [tables("counts", facts)["papers by kind"]]
    text = writing.as_csv(found)
    assert text.startswith("\ufeff証明書の種類別交付件数\r\n種類,件数\r\n")
    assert "戸籍の附票,<10\r\n" in text and "印鑑登録証明書,<10\r\n" in text and "住民票の写し,30\r\n" in text
    assert "戸籍の附票" in writing.as_text(found)


def test_metrics_leave_small_counters_out() -> None:
    facts = Facts(papers=(*(paper() for _ in range(30)), paper("fuhyo")), restarts=2)
    found = list(tables("counts", facts).values())
    text = writing.as_metrics(found, facts, {"cash_yen": {'place="a"': 4200}})
    assert "fuhyo" not in text and "juminhyo" not in text, "the other one would tell by subtraction"
    assert "madoguchi_starts_total 2" in text and 'madoguchi_cash_yen{place="a"} 4200' in text
    many = Facts(papers=(*(paper() for _ in range(30)), *(paper("fuhyo") for _ in range(10))))
    found = list(tables("counts", many).values())
    assert 'madoguchi_papers_total{kind="juminhyo"} 30' in writing.as_metrics(found, many, {})


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_says_which_of_the_towns_it_is(family: str) -> None:
    assert FAMILIES[family].__doc__
