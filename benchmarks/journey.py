"""One resident's visit on a whole kiosk: how much of it is the machine's time.

    python -m benchmarks.journey          (root) writes benchmarks/journey.md

Real processes under their own users, real pointer events, a real PC/SC daemon, printer and serial lines (drivers/
simpanel). A time runs from a touch, or from the moment a hand's act is done, to the first frame that shows the answer.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from drivers.simpanel import script
from drivers.simpanel.runner import Runner, Seen
from drivers.simpanel.session import Session

NAME = "juminhyo"
ROUNDS = 10
LIMIT_S = 2.0
RESIDENT_LIMITS_MB = {"core": 100, "ui": 350}
CORE_READY_LIMIT_S = 0.6


def visit(session: Session, journey: script.Journey) -> list[Seen]:
    """One visit, from the idle screen to the idle screen."""
    runner = Runner(session.do, journey, journey.lang, lambda _: None, takes_pictures=False)
    runner.walk()
    session.do("tap", "main")
    return runner.seen


def machine_s(seen: Sequence[Seen]) -> float:
    return sum(each.machine_s or 0.0 for each in seen)


def left_out(visits: Sequence[Sequence[Seen]]) -> dict[str, list[float]]:
    """Per visit, what is not the machine's."""
    found: dict[str, list[float]] = {}
    for seen in visits:
        sums: dict[str, float] = {}
        for each in seen:
            for name, value in each.left_out.items():
                sums[name] = sums.get(name, 0.0) + value
        for name, value in sums.items():
            found.setdefault(name, []).append(value)
    return found


def table(visits: Sequence[Sequence[Seen]], ready_s: float, resident: dict[str, float]) -> str:
    lines = ["| after | the screen | median ms | worst ms |", "|---|---|---:|---:|"]
    acts = ""
    for steps in zip(*visits, strict=True):
        step = steps[0].step
        if step.kind != "see":
            acts = step.words()
            continue
        times = [each.machine_s * 1000 for each in steps if each.machine_s is not None]
        if times:
            lines.append(f"| {acts} | {step.see} | {statistics.median(times):.0f} | {max(times):.0f} |")
    totals = [machine_s(seen) for seen in visits]
    touches = sum(each.touches for each in visits[0])
    lines.append(
        f"| **all, {touches} touches** | limit {LIMIT_S * 1000:.0f} | **{statistics.median(totals) * 1000:.0f}** "
        f"| **{max(totals) * 1000:.0f}** |"
    )
    lines += ["", "| left out, as counted by who spent it | median ms a visit |", "|---|---:|"]
    for name, values in sorted(left_out(visits).items()):
        lines.append(f"| {name} | {statistics.median(values) * 1000:.0f} |")
    lines += ["", "| | measured | limit |", "|---|---:|---:|"]
    lines.append(f"| core: start to ready | {ready_s:.2f} s | {CORE_READY_LIMIT_S} s |")
    for name, limit in RESIDENT_LIMITS_MB.items():
        lines.append(
            f"| {name}: resident after {len(visits)} visits | {resident[name]:.0f} MB | {limit} MB |"
        )
    return "\n".join(lines)


HEAD = """# One visit: a certificate of residence, paid with a 500-yen coin

`python -m benchmarks.journey` on {cpus} cores of {cpu}, Python {python}; {rounds} visits on one kiosk,
1080x1920 on Xvfb with software OpenGL, every process under its own user.

"""

TAIL = """

Virtual reader: from laying or taking the card until PC/SC tells of it; vpcd looks every 0.4 s. Hopper motors: 60 ms a
coin. The certificate printer of the simulation needs no time for a page.
"""


def cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> int:
    journey = script.load(NAME)
    with tempfile.TemporaryDirectory() as folder:
        with Session(Path(folder) / "run", ["--person", "hanako", *journey.up]) as session:
            visit(session, journey)  # the first loads what later ones find loaded
            visits = [visit(session, journey) for _ in range(ROUNDS)]
            status = session.do("status")
    text = HEAD.format(cpus=os.cpu_count(), cpu=cpu(), python=platform.python_version(), rounds=ROUNDS)
    text += table(visits, status["ready_after_s"]["core"], status["resident_mb"]) + TAIL
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)
    return 0 if statistics.median(machine_s(seen) for seen in visits) <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
