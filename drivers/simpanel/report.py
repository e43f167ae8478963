"""What a journey leaves for the eye: index.html with pictures and times, summary.json for machines."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drivers.simpanel.effort import KONBINI, KONBINI_MACHINE_S, PRACTISED, SLOW, Effort, of_steps
from drivers.simpanel.runner import Seen
from drivers.simpanel.script import Journey


@dataclass(frozen=True)
class Sums:
    """What all visits of a kiosk have come to. Yen, but for the last three."""

    receipts: int = 0
    returned: int = 0
    """Given back and given as change."""
    owed: int = 0
    """On slips."""
    sheets: int = 0
    """Of certificates, that came out."""
    records: int = 0
    """In the journal."""
    papers: frozenset[str] = frozenset()


NOTHING = Sums()


@dataclass
class Result:
    """A journey that was walked, and what was found after it."""

    name: str
    journey: Journey
    lang: str
    seen: Sequence[Seen]
    failure: str = ""
    checks: list[tuple[str, bool, str]] = field(default_factory=list)
    """(what, is it so, in words)."""
    papers: list[str] = field(default_factory=list)
    """Pictures and documents that came out, relative to the folder."""
    before: Sums = NOTHING
    """Of earlier visits on the same kiosk: what the journey's file says of its end, it says of its own."""
    sums: Sums = NOTHING
    """With this one."""

    @property
    def is_good(self) -> bool:
        return not self.failure and all(good for _, good, _ in self.checks)

    @property
    def machine_s(self) -> float:
        return sum(each.machine_s or 0.0 for each in self.seen)

    @property
    def left_out_s(self) -> dict[str, float]:
        total: dict[str, float] = {}
        for each in self.seen:
            for name, value in each.left_out.items():
                total[name] = round(total.get(name, 0.0) + value, 4)
        return total

    @property
    def touches(self) -> int:
        return sum(each.touches for each in self.seen)

    @property
    def effort(self) -> Effort:
        return of_steps((each.step, each.words) for each in self.seen)


def write(result: Result, folder: Path) -> None:
    """summary.json and index.html."""
    (folder / "summary.json").write_text(
        json.dumps(_summary(result), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (folder / "index.html").write_text(_page(result), encoding="utf-8")


def _summary(result: Result) -> dict[str, object]:
    return {
        "journey": result.name,
        "lang": result.lang,
        "is_good": result.is_good,
        "failure": result.failure,
        "touches": result.touches,
        "effort": _effort(result),
        "machine_s": round(result.machine_s, 3),
        "left_out_s": result.left_out_s,
        "checks": [{"what": what, "is_so": good, "words": words} for what, good, words in result.checks],
        "papers": result.papers,
        "steps": [
            {
                "step": each.number,
                "words": each.step.words(),
                "screen": each.screen,
                "picture": each.picture,
                "machine_s": None if each.machine_s is None else round(each.machine_s, 3),
                "left_out_s": dict(each.left_out),
                "touches": each.touches,
            }
            for each in result.seen
        ],
    }


def _effort(result: Result) -> dict[str, float]:
    effort = result.effort
    return {
        "touches": effort.touches,
        "touches_for_want_of_a_sensor": effort.confirming,
        "decisions": effort.decisions,
        "words_read": effort.words,
        "seconds_practised": effort.seconds(PRACTISED, result.machine_s),
        "seconds_slow_reader": effort.seconds(SLOW, result.machine_s),
    }


def effort_line(result: Result) -> str:
    """What the visit asks of a person, beside the convenience store."""
    effort = result.effort
    beside = f", and {effort.confirming} for want of a sensor" if effort.confirming else ""
    return (
        f"{effort.touches} touches{beside}, {effort.decisions} decisions, {effort.words} words; "
        f"{effort.seconds(PRACTISED, result.machine_s):.0f} s for who knows it, "
        f"{effort.seconds(SLOW, result.machine_s):.0f} s for a slow reader "
        f"(convenience store, a residence record, by its published steps, words not counted: "
        f"{KONBINI.touches} touches, {KONBINI.decisions} decisions, {KONBINI.seconds(SLOW, KONBINI_MACHINE_S):.0f} s)"
    )


def table(result: Result) -> str:
    """The summary for a terminal."""
    lines = [
        f"{result.name} ({result.lang}): {'good' if result.is_good else 'FAILED'}, {result.touches} touches, "
        f"{result.machine_s:.2f} s of machine time"
    ]
    lines.append(f"  {effort_line(result)}")
    lines += [f"  left out: {name} {value:.2f} s" for name, value in result.left_out_s.items()]
    lines += [f"  {'ok     ' if good else 'WRONG  '}{what}: {words}" for what, good, words in result.checks]
    if result.failure:
        lines.append(f"  {result.failure}")
    return "\n".join(lines)


_STYLE = """
body { font: 16px/1.5 sans-serif; margin: 2em; max-width: 90em; color: #1a1a1a }
table { border-collapse: collapse } td, th { padding: .2em .8em; text-align: left }
td.n { text-align: right } .wrong { background: #fdd }
figure { display: inline-block; margin: 0 1em 1.5em 0; vertical-align: top }
img { width: 16em; border: 1px solid #767676 }
"""


def _page(result: Result) -> str:
    title = html.escape(result.journey.title.get(result.lang) or next(iter(result.journey.title.values())))
    rows = "".join(_row(each) for each in result.seen)
    checks = "".join(
        f'<tr class="{"ok" if good else "wrong"}"><td>{html.escape(what)}</td><td>{html.escape(words)}</td>'
        for what, good, words in result.checks
    )
    screens = "".join(
        _figure(each.picture, f"{each.number} {each.screen}") for each in result.seen if each.picture
    )
    papers = "".join(_figure(file, file) for file in result.papers)
    parts = (f"<li>{html.escape(k)}: {v:.2f} s</li>" for k, v in result.left_out_s.items())
    left_out = "".join(parts)
    failure = f'<p class="wrong">{html.escape(result.failure)}</p>' if result.failure else ""
    return f"""<!doctype html><meta charset="utf-8"><title>{html.escape(result.name)}</title>
<style>{_STYLE}</style>
<h1>{title}</h1>
<p>{html.escape(result.name)}, {result.lang}: {"good" if result.is_good else "failed"}.
{result.touches} touches,
{result.machine_s:.2f} s of machine time.</p>{failure}
<p>{html.escape(effort_line(result))}</p>
<p>Left out of the machine time, as the simulators counted it:</p><ul>{left_out or "<li>nothing</li>"}</ul>
<h2>At the end</h2><table>{checks}</table>
<h2>Screens</h2>{screens}<h2>Papers</h2>{papers}
<h2>Steps</h2><table><tr><th></th><th>step</th><th>machine</th><th>left out</th></tr>{rows}</table>
"""


def _row(seen: Seen) -> str:
    machine = "" if seen.machine_s is None else f"{seen.machine_s * 1000:.0f} ms"
    left_out = ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in seen.left_out.items())
    words = html.escape(seen.step.words() + (f" ({seen.step.note})" if seen.step.note else ""))
    return (
        f'<tr><td class="n">{seen.number}</td><td>{words}</td><td class="n">{machine}</td>'
        f"<td>{html.escape(left_out)}</td></tr>"
    )


def _figure(file: str, words: str) -> str:
    if not file.endswith(".png"):
        return f'<p><a href="{html.escape(file)}">{html.escape(words)}</a></p>'
    return (
        f'<figure><a href="{html.escape(file)}"><img src="{html.escape(file)}" alt=""></a>'
        f"<figcaption>{html.escape(words)}</figcaption></figure>"
    )
