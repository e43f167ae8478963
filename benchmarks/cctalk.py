"""A coin from the device to the core's inbox, and how evenly the bus is polled, idle and under load.

Run: python -m benchmarks.cctalk. Writes benchmarks/cctalk.md. The bus is `kiosk-sim cctalk` in a process of its
own on a pty; the moment a coin is in is the simulator's (the monotonic clock is one for all processes).
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from drivers.cctalk.driver import CcTalk
from drivers.cctalk.messages import Header
from kiosk.clock import SystemClock
from kiosk.ports import CoinAccepted, Event, SetAcceptance
from tests.contract.cctalk_bench import COIN1, COINS, Core, Sim

COINS_IN = 200
POLL_S = 0.1


class _Stamped(Core):
    """A core that notes when each event was posted."""

    def __init__(self, sim: Sim) -> None:
        self.clock = SystemClock()
        self.moments: dict[int, float] = {}
        self.polls: list[float] = []
        super().__init__(sim, acceptor={"poll_s": POLL_S})
        talk = self.driver._talk
        assert isinstance(talk, CcTalk)
        machine = next(iter(talk._acceptors.values()))
        ask = machine.request

        def request(now: float) -> object:
            asked = ask(now)
            if asked.header == Header.READ_BUFFERED_CREDIT:
                self.polls.append(self.clock.monotonic_s())
            return asked

        machine.request = request  # type: ignore[method-assign,assignment]  # a stopwatch on the wire
        put = self.driver._post

        def post(event: Event) -> None:
            if isinstance(event, CoinAccepted):
                self.moments[event.seq] = self.clock.monotonic_s()
            put(event)

        self.driver._post = post


def _measure(sim: Sim) -> tuple[list[float], list[float]]:
    """Milliseconds from coin to event, and between two polls."""
    with _Stamped(sim) as core:
        core.ready()
        core.driver.perform(SetAcceptance(COIN1, COINS))
        inside: list[float] = []
        pause = threading.Event()
        while len(inside) < COINS_IN:
            answer = sim.do("insert-coin", 100)
            inside += answer["monotonic_s"] if answer["accepted"] else []
            pause.wait(0.037 + 0.011 * (len(inside) % 7))  # no beat with the polls
        pause.wait(0.5)
        core.all(Event)
        first = max(core.moments) - len(inside)
        delays = [(core.moments[first + at + 1] - moment) * 1000 for at, moment in enumerate(inside)]
        gaps = [(b - a) * 1000 for a, b in zip(core.polls, core.polls[1:], strict=False)]
        return delays, gaps


@contextmanager
def _load() -> Iterator[None]:
    """Two busy processes on every core."""
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        yield
    finally:
        for each in busy:
            each.kill()
            each.wait()


def _row(name: str, values: list[float]) -> str:
    ordered = sorted(values)
    p99 = ordered[int(len(ordered) * 0.99) - 1]
    return f"| {name} | {len(values)} | {statistics.median(values):.1f} | {p99:.1f} | {ordered[-1]:.1f} |"


def main() -> int:
    rows = []
    for name, around in (("quiet", nullcontext), ("load", _load)):
        with tempfile.TemporaryDirectory() as folder:
            sim = Sim(Path(folder), "--pieces", "200")
            try:
                with around():
                    delays, gaps = _measure(sim)
            finally:
                sim.stop()
        rows += [_row(f"{name}: coin in → event posted", delays), _row(f"{name}: poll → poll", gaps)]
    page = [
        "# ccTalk: from the coin to the core",
        "",
        f"`python -m benchmarks.cctalk` on {os.cpu_count()} cores of {_processor()}, Python",
        f"{platform.python_version()}; poll interval {POLL_S * 1000:.0f} ms, simulated bus on a pty with four hoppers.",
        "Load: two busy processes on every core.",
        "",
        "| ms | n | median | p99 | worst |",
        "|---|---:|---:|---:|---:|",
        *rows,
        "",
        "Limits: coin in → event p99 ≤ poll interval + a few ms. Not polled for 1000 ms the acceptor closes itself.",
        "",
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(page))
    return 0


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    sys.exit(main())
