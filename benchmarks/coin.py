"""A coin accepted by the device until the amount stands on the screen: a whole kiosk of real processes.

    chrt -r 5 python -m benchmarks.coin          (root) writes benchmarks/coin.md

The moment a coin is in is the simulator's; the moment the amount is seen is that of the first frame with it, as the
screens report it. One clock (CLOCK_MONOTONIC) for all processes. Coins fall at no beat with the polls.
"""

from __future__ import annotations

import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.journey import cpu
from drivers.simpanel.runner import Runner
from drivers.simpanel.script import Journey, Step
from drivers.simpanel.session import Session

VISITS, COINS = 12, 18
POLL_S = 0.1
LIMIT_S = POLL_S + 0.06
TO_PAY = (
    Step(see="Attract", within_s=40),
    Step(tap="main"),
    Step(see="PlaceCard"),
    Step(do=["place-card", "hanako"]),
    Step(see="EnterPin", where={"slot": "*"}),
    Step(pin="1234"),
    Step(tap="main"),
    Step(see="TakeCard", where={"is_verified": True}),
    Step(do=["remove-card"]),
    Step(see="ChooseKinds"),
    Step(tap="pick juminhyo"),
    Step(see="ChooseKinds", where={"copies": 1}),
    Step(tap="main"),
    Step(see="ChooseOptions"),
    Step(tap="main"),
    Step(see="Confirm"),
    Step(tap="main"),
    Step(see="Pay", where={"accepted": "*"}),
)
BACK = (
    Step(tap="cancel"),
    Step(see="TakeThings", where={"things.money": "waiting"}, within_s=40),
    Step(do=["take-coins"]),
    Step(tap="taken money"),
    Step(see="Attract", within_s=40),
)


def walk(session: Session, steps: tuple[Step, ...]) -> None:
    journey = Journey(title={}, steps=list(steps))
    Runner(session.do, journey, "ja", lambda _: None, takes_pictures=False).walk()


def first_seen(shown: list[Mapping[str, Any]], amount: int, after_s: float) -> float | None:
    """The moment of the first frame on which so much stands as put in."""
    for each in shown:
        if each["body"] == "Pay" and each["shown_at_s"] > after_s and each["fields"]["inserted"] >= amount:
            return float(each["shown_at_s"])
    return None


def measure(session: Session) -> list[float]:
    """Seconds for each coin of one visit."""
    walk(session, TO_PAY)
    dice = random.Random(len(TO_PAY))  # moments, no secret
    moments: list[tuple[int, float]] = []
    for at in range(1, COINS + 1):
        answer = session.do("insert-coin", "10")
        if answer["accepted"] != 1:
            raise RuntimeError("a coin fell through")
        moments.append((at * 10, answer["monotonic_s"][0]))
        time.sleep(0.25 + dice.random() * 0.1)
    time.sleep(1.0)
    shown = session.do("history")["shown"]
    found = [(moment, first_seen(shown, amount, moment)) for amount, moment in moments]
    walk(session, BACK)
    return [seen - moment for moment, seen in found if seen is not None]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        with Session(run, ["--person", "hanako", "--pieces", "200"]) as session:
            times = [seconds for _ in range(VISITS) for seconds in measure(session)]
    ordered = sorted(times)
    p99 = ordered[max(0, int(len(ordered) * 0.99) - 1)]
    load = os.getloadavg()[0]
    text = f"""# A coin: from the device to the amount on the screen

`python -m benchmarks.coin` on {os.cpu_count()} cores of {cpu()}, Python {platform.python_version()};
whole kiosk of real processes, 1080x1920 on Xvfb with software OpenGL. Run under `chrt -r 5`, as if alone: the machine
was shared (load {load:.0f}).

| ms | coins | median | p99 | worst | limit (p99) |
|---|---:|---:|---:|---:|---:|
| coin in → amount on the screen | {len(ordered)} | {statistics.median(ordered) * 1000:.0f} | {p99 * 1000:.0f} | \
{ordered[-1] * 1000:.0f} | {LIMIT_S * 1000:.0f} |

The limit is the poll interval ({POLL_S * 1000:.0f} ms) and 60 ms: a coin waits for its poll, then for the journal's
disk and for one frame. How evenly the bus is polled, also under load, is benchmarks/cctalk.md.
"""
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)
    return 0 if p99 <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
