"""What benchmarks/screens.py found, as sections of benchmarks/screens.md."""

from __future__ import annotations

import math
import os
import platform
import re
import statistics
from pathlib import Path
from typing import NamedTuple

from screens import samples

IN_A_ROW = 4
"""Sessions of one language before the next one's turn."""
SLOPE_MOST_KB = 1.0
RESIDENT_MOST_MB = 350.0
LIMITS = {
    "tap to pressed state": 50,
    "update in place": 50,
    "new screen": 80,
    "language switch": 150,
    "process start to first frame": 1500,
    "killed, to the same step again": 2000,
}


class Resident(NamedTuple):
    """What the process holds after so many sessions: all of it, and what is its own (without files' pages), in MB."""

    session: int
    all_mb: float
    own_mb: float


def slope_kb(found: list[Resident], what: str) -> float:
    """kB a session. Languages differ by more than what is looked for, so a straight line is laid through the means of
    whole turns of all languages, without the first turn: what is loaded once is loaded then. NaN: too few turns."""
    turn = len(samples.LANGUAGES)
    turns = [found[at : at + turn] for at in range(turn, len(found) - turn + 1, turn)]
    if len(turns) < 2:
        return math.nan
    means = [statistics.fmean(getattr(each, what) for each in part) for part in turns]
    return float(statistics.linear_regression(range(len(means)), means).slope) * 1000 / (turn * IN_A_ROW)


def _p99(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, round(len(times) * 0.99) - 1)]


def _company(load: float) -> str:
    """What else ran: a tail is the scheduler's as much as ours."""
    if os.sched_getscheduler(0) == os.SCHED_RR:
        return (
            f"Run under `chrt -r 5`, as if alone: the machine was shared (load {load:.1f} before it began)."
        )
    return f"Load of the machine before it began: {load:.1f}."


def _machine() -> str:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}"


def times_section(figures: dict[str, list[float]], load: float, screens: int) -> tuple[str, bool]:
    """The section, and whether every limit was held."""
    lines = [
        f"`python -m benchmarks.screens --only times` on {_machine()},",
        "1080x1920 on Xvfb, OpenGL by llvmpipe. Drawing a full frame and copying it to the server takes 10 to 20 ms.",
        f"Language switches: on {screens} screens from each of {len(samples.LANGUAGES)} languages to the next.",
        _company(load),
        "",
        "| ms | times | median | p99 | worst | limit (p99) | held |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    is_held = True
    for name, times in figures.items():
        held = _p99(times) <= LIMITS[name]
        is_held = is_held and held
        row = (
            len(times),
            f"{statistics.median(times):.1f}",
            f"{_p99(times):.1f}",
            f"{max(times):.1f}",
            LIMITS[name],
            "yes" if held else "NO",
        )
        lines.append(f"| {name} | " + " | ".join(str(each) for each in row) + " |")
    return "\n".join(lines) + "\n", is_held


def memory_section(found: list[Resident], load: float, screens: int) -> tuple[str, bool]:
    """The section, and whether both limits were held."""
    every, own = slope_kb(found, "all_mb"), slope_kb(found, "own_mb")
    most = max(each.all_mb for each in found)
    lines = [
        f"`python -m benchmarks.screens --only memory` on {_machine()}.",
        f"{found[-1].session + IN_A_ROW // 2} sessions of {screens} screens; "
        f"{IN_A_ROW} sessions in each of {len(samples.LANGUAGES)} languages in turn.",
        _company(load),
        "",
        "| | first | last | most | limit | slope, kB a session | limit | held |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
        f"| resident, MB | {found[0].all_mb:.0f} | {found[-1].all_mb:.0f} | {most:.0f} | {RESIDENT_MOST_MB:.0f} "
        f"| {every:.2f} | {SLOPE_MOST_KB:.0f} | {_held(every, most)} |",
        f"| of it the process's own | {found[0].own_mb:.0f} | {found[-1].own_mb:.0f} "
        f"| {max(each.own_mb for each in found):.0f} | | {own:.2f} | {SLOPE_MOST_KB:.0f} | {_held(own)} |",
        "",
        "The rest are pages of files, libraries most of all. The fonts' are given back once a screen was seen.",
    ]
    return "\n".join(lines) + "\n", _held(every, most) == "yes"


def _held(slope: float, most_mb: float = 0.0) -> str:
    missed = [
        word
        for word, is_missed in (("slope", not slope <= SLOPE_MOST_KB), ("most", most_mb > RESIDENT_MOST_MB))
        if is_missed
    ]
    return f"NO: {', '.join(missed)}" if missed else "yes"


def write_curve(found: list[Resident]) -> None:
    """The newest sample at the end of build/screens-memory.csv, the first one into an empty file."""
    path = Path(__file__).parents[1] / "build/screens-memory.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w" if len(found) == 1 else "a", encoding="utf-8") as file:
        file.write(",".join(str(each) for each in found[-1]) + "\n")


def write_section(name: str, text: str) -> None:
    """Into benchmarks/screens.md, in place of the section of this name."""
    path = Path(__file__).with_name("screens.md")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    sections = dict(re.findall(r"^## ([^\n]+)\n\n(.*?)(?=^## |\Z)", before, re.MULTILINE | re.DOTALL))
    sections[name] = text
    parts = [f"## {each}\n\n{sections[each].strip()}\n" for each in ("Times", "Memory") if each in sections]
    path.write_text("\n".join(["# The screens: from cause to frame\n", *parts]), encoding="utf-8")
