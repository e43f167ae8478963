"""The towns' families of figures (KPI), each a table: counts, rates, times, waiting, satisfaction, cashless … Pure.

What only the town knows (papers of its counters and of convenience stores, people in its queue and how long they wait,
enquiries, forms, the minutes of the old way, what its staff say) comes from its own list, `Beside`. Which town's figure
is which table: docs/statistics.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time

import msgspec

from kiosk.journal.accounts import CASH
from kiosk.statistics.cells import Cell, Row, Table, counted
from kiosk.statistics.facts import Facts, Visit

GROUPS = {
    "juminhyo": "resident",
    "kisai_jiko": "resident",
    "inkan_shomei": "seal",
    "koseki_zenbu": "koseki",
    "koseki_kojin": "koseki",
    "fuhyo": "koseki",
    "shotoku_shomei": "tax",
    "kazei_shomei": "tax",
    "shotoku_kazei": "tax",
    "nozei_shomei": "tax",
}
"""住民票等 / 印鑑 / 戸籍 / 税, as towns split their counts. A kind that is not here is `other`."""


class Hours(msgspec.Struct, frozen=True):
    """When the counters are open. What is not in them is 閉庁時間帯."""

    opens: time = time(8, 30)
    closes: time = time(17, 15)
    holidays: frozenset[date] = frozenset()

    def band(self, at: datetime) -> str:
        """`open`, `evening` (a working day's other hours), `holiday` (with Saturday and Sunday)."""
        if at.weekday() >= 5 or at.date() in self.holidays:
            return "holiday"
        return "open" if self.opens <= at.time() < self.closes else "evening"


class Beside(msgspec.Struct, frozen=True):
    """The town's own numbers for the same days: (what, count). `counter KIND`, `konbini KIND`, `enquiries`, `queue` (a
    reading of people waiting; several), `minutes` (of one application in the old way), `wait-before` and `wait-now`
    (minutes that somebody waited at the counter; several), `forms NAME` (printed without writing), `staff good`, `staff
    fair`, `staff poor` (answers of members of staff)."""

    rows: tuple[tuple[str, float], ...] = ()

    def of(self, what: str) -> float:
        """The sum of it."""
        return sum(count for name, count in self.rows if name == what or name.startswith(f"{what} "))

    def all(self, what: str) -> list[float]:
        return [count for name, count in self.rows if name == what]


class Question(msgspec.Struct, frozen=True):
    """What a family is asked of."""

    facts: Facts
    hours: Hours = Hours()
    beside: Beside = Beside()


Family = Callable[[Question], Iterable[Table]]


# --- counts -----------------------------------------------------------------------------------------------------------


def counts(asked: Question) -> Iterable[Table]:
    """件数: papers per certificate, per group, per hour, per place; visits per week."""
    papers = asked.facts.papers
    yield counted("papers by group", ("group",), _count((_group(each.kind),) for each in papers))
    yield counted(
        "papers by kind",
        ("kind",),
        _count((each.kind,) for each in papers),
        {"papers by group": lambda labels: _group(labels[0])},
    )
    yield counted("papers by hour", ("hour",), _count((f"{each.at.hour:02d}",) for each in papers))
    yield counted("papers by place", ("place",), _count((each.place,) for each in papers))
    yield counted(
        "papers by kind and hour",
        ("kind", "hour"),
        _count((each.kind, f"{each.at.hour:02d}") for each in papers),
        {"papers by kind": lambda labels: labels[0], "papers by hour": lambda labels: labels[1]},
    )
    yield counted("papers by month", ("month",), _count((f"{each.at:%Y-%m}",) for each in papers))


def weeks(asked: Question) -> Iterable[Table]:
    """週あたりの利用者数: visits per ISO week."""
    yield counted("visits by week", ("week",), _count((f"{each.at:%G-W%V}",) for each in asked.facts.visits))


def bands(asked: Question) -> Iterable[Table]:
    """時間帯別: in office hours, on working days' other hours, on holidays."""
    yield counted(
        "papers by band", ("band",), _count((asked.hours.band(each.at),) for each in asked.facts.papers)
    )


def visits(asked: Question) -> Iterable[Table]:
    """How visits ended, in which language, with what help and settings; where they were given up; which codes."""
    found = asked.facts.visits
    yield counted("visits by end", ("end",), _count((each.told.end,) for each in found))
    yield counted(
        "visits by language",
        ("language",),
        _count((each.told.language,) for each in found if each.told.language),
    )
    yield counted("visits by hour", ("hour",), _count((f"{each.at.hour:02d}",) for each in found))
    yield counted("visits by help", ("help",), _count((_help(each),) for each in found))
    yield counted(
        "visits by setting", ("setting",), _count((name,) for each in found for name in each.told.manners)
    )
    yield counted(
        "given up at step",
        ("step", "end"),
        _count(
            (each.told.step, each.told.end)
            for each in found
            if each.told.end in ("left", "nobody", "refused")
        ),
        {"visits by end": lambda labels: labels[1]},
    )
    yield counted(
        "refusals by code", ("code",), _count((code,) for each in found for code in each.told.codes)
    )


def _help(visit: Visit) -> str:
    return "assisted" if visit.told.is_assisted else "alone"


# --- shares -----------------------------------------------------------------------------------------------------------


def rates(asked: Question) -> Iterable[Table]:
    """利用率: papers of this machine among all (counter, convenience stores); visits that reached their paper."""
    here = len(asked.facts.papers)
    counter, konbini = asked.beside.of("counter"), asked.beside.of("konbini")
    whole = here + counter + konbini
    rows = [
        _share(
            "completed", sum(each.told.end == "issued" for each in asked.facts.visits), _n(asked.facts.visits)
        ),
        _share("assisted", sum(each.told.is_assisted for each in asked.facts.visits), _n(asked.facts.visits)),
    ]
    if counter:
        rows.append(_share("kiosk among kiosk and counter", here, here + counter))
    if konbini:
        rows.append(_share("kiosk among all", here, whole))
        rows.append(_share("konbini among all", konbini, whole))
    yield Table("rates", ("rate",), ("per cent", "of"), tuple(rows), is_additive=False)


def cashless(asked: Question) -> Iterable[Table]:
    """キャッシュレス率, by count and by amount; papers and yen by means."""
    papers = asked.facts.papers
    other = [each for each in papers if each.means != CASH]
    by_amount = sum(each.fee.value for each in papers)
    yield Table(
        "cashless share",
        ("share",),
        ("per cent", "of"),
        (
            _share("by count", len(other), len(papers)),
            _share("by amount", sum(each.fee.value for each in other), by_amount, len(papers), len(other)),
        ),
        is_additive=False,
    )
    yield counted("papers by means", ("means",), _count((each.means,) for each in papers))
    amounts = Counter[str]()
    for each in papers:
        amounts[each.means] += each.fee.value
    made_of = Counter(each.means for each in papers)
    rows = tuple(Row((means,), (Cell(yen, made_of[means]),)) for means, yen in sorted(amounts.items()))
    yield Table("yen by means", ("means",), ("yen",), rows)


def _share(
    name: str, part: float, whole: float, made_of: int | None = None, part_of: int | None = None
) -> Row:
    """In per cent. Too few of the one side tell as much as too few of the other: the smaller counts."""
    base = int(whole if made_of is None else made_of)
    some = int(part if part_of is None else part_of)
    sides = [each for each in (some, base - some) if each > 0]
    value = round(100 * part / whole, 1) if whole else 0.0
    return Row((name,), (Cell(value, min(sides, default=0) if base else 0), Cell(base, base)))


# --- times ------------------------------------------------------------------------------------------------------------


def times(asked: Question) -> Iterable[Table]:
    """所要時間・滞在時間: seconds per step and of a whole issued visit, median and 90th percentile."""
    issued = [each for each in asked.facts.visits if each.told.end == "issued"]
    steps: dict[str, list[float]] = {}
    for each in issued:
        for spent in each.told.times:
            steps.setdefault(spent.step, []).append(spent.seconds)
    yield _quantiles("seconds by step", "step", steps)
    whole = {
        "all": [each.seconds for each in issued],
        "alone": [each.seconds for each in issued if not each.told.is_assisted],
        "assisted": [each.seconds for each in issued if each.told.is_assisted],
    }
    yield _quantiles("seconds of a visit", "visits", whole, ("alone", "assisted"))
    printing = {"issue": steps.get("issue", []), "pay": steps.get("pay", [])}
    yield _quantiles("seconds to issue and to pay", "part", printing)


def saved(asked: Question) -> Iterable[Table]:
    """削減時間: minutes of the old way (the town's own measure) against the median visit here, and for all papers."""
    old = asked.beside.all("minutes")
    here = [each.seconds / 60 for each in asked.facts.visits if each.told.end == "issued"]
    rows = []
    if old and here:
        each = _mean(old) - quantile(here, 0.5)
        rows = [
            Row(("minutes per application",), (Cell(round(each, 1), len(here)),)),
            Row(("hours in all",), (Cell(round(each * len(here) / 60, 1), len(here)),)),
        ]
    yield Table("saved", ("what",), ("value",), tuple(rows), is_additive=False)


def waiting(asked: Question) -> Iterable[Table]:
    """待ち時間・待ち人数: seconds from a call to an answer and to its end; calls by step; the town's own queue."""
    calls = asked.facts.calls
    answered = [float(each.answered_s) for each in calls if each.answered_s is not None]
    helped = [
        float(each.ended_s)
        for each in calls
        if each.how in ("helped", "settled") and each.ended_s is not None
    ]
    yield _quantiles("seconds of a call", "until", {"answered": answered, "helped": helped})
    yield counted("calls by step", ("step", "by"), _count((each.step, each.by) for each in calls))
    yield counted("calls by end", ("end",), _count((each.how,) for each in calls))
    if queue := asked.beside.all("queue"):
        mean, most = round(_mean(queue), 1), max(queue)
        rows = (Row(("mean",), (Cell(mean, len(queue)),)), Row(("most",), (Cell(most, len(queue)),)))
        yield Table("people waiting", ("what",), ("people",), rows, is_additive=False)
    before, now = asked.beside.all("wait-before"), asked.beside.all("wait-now")
    if before and now:
        was, is_now, base = _mean(before), _mean(now), min(len(before), len(now))
        found = (
            Row(("before",), (Cell(round(was, 1), len(before)),)),
            Row(("now",), (Cell(round(is_now, 1), len(now)),)),
            Row(("shorter by",), (Cell(round(was - is_now, 1), base),)),
        )
        yield Table("minutes waiting at the counter", ("what",), ("minutes",), found, is_additive=False)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _quantiles(name: str, label: str, found: dict[str, list[float]], sides: tuple[str, ...] = ()) -> Table:
    """`sides` sum up to another row: too few on one side hide the other as well."""
    few = min((len(found[each]) for each in sides if found[each]), default=0)
    made_of = {key: few if key in sides else len(values) for key, values in found.items()}
    rows = tuple(
        Row(
            (key,),
            (
                Cell(round(quantile(values, 0.5), 1), made_of[key]),
                Cell(round(quantile(values, 0.9), 1), made_of[key]),
                Cell(len(values), made_of[key]),
            ),
        )
        for key, values in found.items()
        if values
    )
    return Table(name, (label,), ("median", "90th", "of"), rows, is_additive=False)


def quantile(values: Sequence[float], part: float) -> float:
    """Nearest rank: a time that somebody really had. 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0


# --- what people say --------------------------------------------------------------------------------------------------


def satisfaction(asked: Question) -> Iterable[Table]:
    """満足度・不安なく利用できると考える割合: answers on the last screen, and who answered at all."""
    ratings = asked.facts.ratings
    yield counted("answers", ("question", "answer"), _count((each.question, each.answer) for each in ratings))
    rows = []
    for question, good in GOOD.items():
        answers = [each.answer for each in ratings if each.question == question]
        if answers:
            rows.append(_share(question, sum(each in good for each in answers), len(answers)))
    asked_of = _n(asked.facts.visits)
    first = [each for each in ratings if each.question == next(iter(GOOD))]
    if asked_of and ratings:
        rows.append(_share("answered", min(len(first), asked_of), asked_of))
    yield Table("satisfaction", ("question",), ("per cent", "of"), tuple(rows), is_additive=False)


GOOD = {"ease": ("good", "fair"), "alone": ("yes",)}
"""Answers that count as satisfied (満足), and as able to do it alone next time (不安なく)."""


def staff(asked: Question) -> Iterable[Table]:
    """職員の満足度: the town's own questions to its staff, good and fair among all."""
    counts = {answer: int(asked.beside.of(f"staff {answer}")) for answer in ("good", "fair", "poor")}
    yield counted(
        "answers of staff", ("answer",), (((each,), count) for each, count in counts.items() if count)
    )
    whole = sum(counts.values())
    rows = (_share("staff", counts["good"] + counts["fair"], whole),) if whole else ()
    yield Table("satisfaction of staff", ("question",), ("per cent", "of"), rows, is_additive=False)


# --- the machine ------------------------------------------------------------------------------------------------------


def machine(asked: Question) -> Iterable[Table]:
    """What was wrong: incidents by code, restarts. Not about people: every number stands."""
    found = Counter(code for _, _, code in asked.facts.incidents)
    rows = [Row((code,), (Cell(count, 0),)) for code, count in sorted(found.items())]
    rows.append(Row(("restarts",), (Cell(asked.facts.restarts, 0),)))
    yield Table("incidents", ("code",), ("count",), tuple(rows), is_additive=False)


def enquiries(asked: Question) -> Iterable[Table]:
    """問い合わせ数: the town's own count beside the calls that residents made at the machine."""
    by_resident = sum(each.by == "resident" for each in asked.facts.calls)
    counter = int(asked.beside.of("enquiries"))
    rows = (
        Row(("calls at the machine",), (Cell(by_resident, by_resident),)),
        Row(("at the counter",), (Cell(counter, counter),)),
    )
    yield Table("enquiries", ("where",), ("count",), rows, is_additive=False)


def forms(asked: Question) -> Iterable[Table]:
    """申請書の件数: applications made here, each a 申請書 that nobody wrote; forms that the town printed elsewhere."""
    here = sum(each.told.end in ("issued", "partly") for each in asked.facts.visits)
    named = {name.removeprefix("forms "): 0 for name, _ in asked.beside.rows if name.startswith("forms ")}
    rows = [Row(("applications at the kiosk",), (Cell(here, here),))]
    for name in named:
        count = int(asked.beside.of(f"forms {name}"))
        rows.append(Row((name,), (Cell(count, count),)))
    yield Table("forms not written", ("what",), ("count",), tuple(rows), is_additive=False)


FAMILIES: dict[str, Family] = {
    "counts": counts,
    "weeks": weeks,
    "bands": bands,
    "visits": visits,
    "rates": rates,
    "cashless": cashless,
    "times": times,
    "saved": saved,
    "waiting": waiting,
    "satisfaction": satisfaction,
    "staff": staff,
    "enquiries": enquiries,
    "forms": forms,
    "machine": machine,
}


def _group(kind: str) -> str:
    return GROUPS.get(kind, "other")


def _count(keys: Iterable[tuple[str, ...]]) -> list[tuple[tuple[str, ...], int]]:
    return list(Counter(keys).items())


def _n(found: Sequence[object]) -> int:
    return len(found)
