"""Tables as text: CSV for a spreadsheet, a page for people, Prometheus' exposition format. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from unicodedata import east_asian_width

from kiosk.statistics import words
from kiosk.statistics.cells import HIDDEN, LEAST, Shown
from kiosk.statistics.facts import Facts


def as_csv(tables: Iterable[Shown], language: str = "ja", least: int = LEAST) -> str:
    """RFC 4180, one table under the other; with a byte order mark, so that a spreadsheet reads Japanese."""
    out = io.StringIO()
    writer = csv.writer(out)
    for table in tables:
        writer.writerow([words.table(table.name, language)])
        heads = (*table.labels, *table.columns)
        writer.writerow([words.word("", each, language) for each in heads])
        for labels, cells in table.rows:
            named = [
                words.word(head, each, language) for head, each in zip(table.labels, labels, strict=True)
            ]
            writer.writerow([*named, *(_cell(each, least) for each in cells)])
        writer.writerow([])
    return "\ufeff" + out.getvalue()


def as_text(tables: Iterable[Shown], language: str = "ja", least: int = LEAST) -> str:
    lines: list[str] = []
    for table in tables:
        lines.append(words.table(table.name, language))
        heads = [words.word("", each, language) for each in table.columns]
        if len(heads) > 1:
            lines.append("  " + " ".join(_right(each) for each in heads))
        for labels, cells in table.rows:
            named = " / ".join(
                words.word(head, each, language) for head, each in zip(table.labels, labels, strict=True)
            )
            values = " ".join(f"{_cell(each, least):>12}" for each in cells)
            lines.append(f"  {values}  {named}")
        if not table.rows:
            lines.append("  -")
        lines.append("")
    return "\n".join(lines)


def _right(text: str) -> str:
    """In a column of twelve; a Japanese letter is two wide."""
    wide = sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
    return " " * (12 - wide) + text


def _cell(value: int | float | None, least: int) -> str:
    return f"{HIDDEN}{least}" if value is None else f"{value:,}" if isinstance(value, int) else f"{value}"


# --- Prometheus -------------------------------------------------------------------------------------------------------


def as_metrics(tables: Iterable[Shown], facts: Facts, gauges: Mapping[str, Mapping[str, float]]) -> str:
    """Text format 0.0.4. Counters come of closed days only, and a counter that is still small is not there: whoever
    reads this twice a minute learns of no single visit. `gauges`: name -> labels as written -> value."""
    lines: list[str] = []
    for table in tables:
        name = _METRICS.get(table.name)
        if name is None:
            continue
        lines.append(f"# TYPE madoguchi_{name} counter")
        for labels, cells in table.rows:
            if cells and cells[0] is not None:
                said = ",".join(
                    f'{head}="{_escaped(each)}"' for head, each in zip(table.labels, labels, strict=True)
                )
                lines.append(f"madoguchi_{name}{{{said}}} {cells[0]}")
    lines += ["# TYPE madoguchi_starts_total counter", f"madoguchi_starts_total {facts.restarts}"]
    for gauge, values in gauges.items():
        lines.append(f"# TYPE madoguchi_{gauge} gauge")
        lines += [f"madoguchi_{gauge}{{{labels}}} {value:g}" for labels, value in values.items()]
    return "\n".join(lines) + "\n"


_METRICS = {
    "papers by kind": "papers_total",
    "papers by means": "papers_by_means_total",
    "yen by means": "fees_yen_total",
    "visits by end": "visits_total",
    "visits by help": "visits_by_help_total",
    "refusals by code": "refusals_total",
    "calls by end": "calls_total",
}


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
