"""Every moment of a payment, a refund and an exchange, and of recovery from each: the real core is killed there.

    python -m tests.crash.campaign_killed [--workers 4] [--visits 30] [--only coin,exchange] [--plain] [--kept FILE]

A kiosk of real processes (till.py). Visits that nothing disturbs tell their moments (kill_at_write.c): each piece of
the journal written, each sync, before it and when it is durable, each question to a serial line and each answer from
it. Then each of them is the death of one visit. After each visit every yen is accounted for, the pieces lie where the
books say, no payout was carried out that was not intended, and the next resident is welcome. The same inside recovery:
the core that takes up a visit killed at a commit is killed at each moment of its own.

Threads race, so not every visit meets every moment: then the same question or answer is the death after a later commit.
And a kiosk that took notes all day asks other things than a new one: what did not come twice is waited for at new ones.
What did not come in TRIES visits is named. `--kept` holds the deaths of runs of this tree that were broken off.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

from tests.crash.nursery import Nursery
from tests.crash.patron import CANCEL, CHANGE, COIN, EXCHANGE_S, HANDS, NOTE, REFUND, Hand, Patron
from tests.crash.till import nursery

EXCHANGE = Hand("exchange", ("", ""))
ACTS = {hand.name: hand for hand in (*HANDS, EXCHANGE)}
FIRST: tuple[tuple[Hand, str], ...] = (
    (COIN, "8 after"),
    (NOTE, "3 after"),
    (CHANGE, "14 after"),
    (CANCEL, "4 after"),
    (REFUND, "16 after"),
    (EXCHANGE, "1 after"),
)
"""From which commit the recovery is killed: money is in, a payout is intended, notes are on their way."""
TRIES = 8
RECORDED = 3
"""Visits that nothing disturbs, before the first death."""
VISITS = 30
"""Of one kiosk; then there is little change left in it, and the next one begins."""
REPORT_EVERY_S = 60.0


class Task(NamedTuple):
    """One visit. `first`: the death before, whose recovery it is about; `moment` empty: nothing disturbs it. `is_new`:
    the kiosk, as it was when the moments were recorded."""

    act: str
    first: str
    moment: str
    is_new: bool = False


class Told(NamedTuple):
    task: Task
    was_met: bool
    seen: list[str]
    wrong: str
    deaths: int


class Worker:
    """One process of the campaign: kiosk after kiosk, visit after visit."""

    def __init__(self, visits: int, open_s: float = EXCHANGE_S) -> None:
        """`visits` of one kiosk; `open_s`: a box stays open for so long in an exchange."""
        self._open_s = open_s
        self.place = Path(tempfile.mkdtemp(prefix="killed", dir="/tmp"))  # a socket's path is short
        self.place.chmod(0o755)
        self._visits = visits
        self._lives: Nursery = nursery(self.place)
        self._till: Patron | None = None
        self._done = self._kiosks = 0

    def visit(self, task: Task) -> Told:
        """Whatever goes wrong is told; the next visit finds another kiosk then."""
        if task.is_new:
            self.next_kiosk()
        try:
            till = self.ready()
            told = visit(till, task, self._open_s)
        except Exception as error:  # whatever it is, the moment is named
            told = Told(task, False, [], f"{type(error).__name__}: {error}", 0)
        self._done += 1
        if told.wrong:
            self.next_kiosk()
            told = told._replace(wrong=f"{told.wrong}  (kept: {self.place}/{self._kiosks})")
        return told

    def ready(self) -> Patron:
        """The kiosk of the next visit."""
        if self._till is not None and self._done < self._visits:
            return self._till
        if (old := self._till) is not None:
            self._till = None
            old.__exit__()
        self._kiosks, self._done = self._kiosks + 1, 0
        self._till = Patron(self.place / str(self._kiosks), self._lives).__enter__()
        stir_the_counter(self._till)
        return self._till

    def next_kiosk(self) -> None:
        """This one is of no more use."""
        self._done = self._visits

    def end(self) -> None:
        if self._till is not None:
            self._till.__exit__()
        self._lives.__exit__()
        shutil.rmtree(self.place)


def stir_the_counter(till: Patron) -> None:
    """A visit moves the acceptor's counter off 0, where it would be no evidence of anything."""
    till.to_confirm()
    till.pays(COIN)


def visit(till: Patron, task: Task, open_s: float = EXCHANGE_S) -> Told:
    """One visit on this kiosk, with its deaths."""
    hand = ACTS[task.act]
    till.rests()
    if hand is not EXCHANGE:
        till.to_confirm()
    deaths = till.deaths
    till.arm(*([task.first] if task.first else []), f"1 {task.moment or 'seen'}")
    if hand is EXCHANGE:
        till.exchanges(open_s)
    else:
        till.pays(hand)
    seen = till.disarm()
    died = till.deaths - deaths
    wanted = bool(task.first) + bool(task.moment)
    wrong = till.wrong()
    return Told(task, died == wanted, seen, wrong, died)


# --- the pool ---------------------------------------------------------------------------------------------------------

_WORKER: list[Worker] = []


def _begin(visits: int) -> None:
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _WORKER.append(Worker(visits))


def _end_with(parent: int) -> None:
    """No kiosk is left behind: the nursery ends with this process. (The kernel's own signal for it is lost as soon as
    the officer's account is used.)"""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _visit(task: Task) -> Told:
    return _WORKER[0].visit(task)


class Sweep:
    """All moments of one act, or of one recovery: which were met, which were deaths."""

    def __init__(self, act: str, first: str) -> None:
        self.act, self.first = act, first
        self.met: Counter[str] = Counter()
        """In how many of the visits that nothing disturbs."""
        self.recorded = 0
        self.killed: set[str] = set()
        self.tries: Counter[str] = Counter()
        self.failed: list[str] = []

    @property
    def name(self) -> str:
        return f"{self.act}, recovery from {self.first}" if self.first else self.act

    def begin(self) -> Iterator[Task]:
        for _ in range(RECORDED):
            yield Task(self.act, self.first, "", is_new=True)

    def hear(self, told: Told) -> Iterator[Task]:
        """What is to be done next because of this: first what the visits have in common."""
        moment = told.task.moment
        if told.wrong:
            self.failed.append(f"{self.name} at {moment or '-'}: {told.wrong}")
        if moment:
            if told.was_met:
                self.killed.add(told.seen[-1])
            if moment not in self.killed and self.tries[moment] < TRIES:
                self.tries[moment] += 1
                yield told.task._replace(is_new=self.tries[moment] > 2)
            return
        self.recorded += 1
        self.met.update(set(told.seen))
        if self.recorded == RECORDED:
            for each in sorted(self.met.keys() - self.killed, key=lambda name: (-self.met[name], name)):
                self.tries[each] = 1
                yield Task(self.act, self.first, each)

    def is_common(self, task: Task) -> bool:
        """Not a race that one visit ran so, and no other."""
        return not task.moment or self.met[task.moment] > 1

    @property
    def common(self) -> set[str]:
        return {each for each in self.met if self.met[each] > 1}

    def said(self) -> str:
        kinds = Counter(each.partition(":")[0] for each in self.killed)
        by_kind = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        common = self.common
        rare = self.met.keys() - common
        return (
            f"{self.name}: killed once at each of {len(self.killed)} moments ({by_kind}): {len(common & self.killed)} "
            f"of {len(common)} that its visits have in common, {len(rare & self.killed)} of {len(rare)} that one had; "
            f"{len(self.failed)} failed"
        )


def run(
    sweeps: list[Sweep], workers: int, visits: int, within_s: float, kept: Path | None = None
) -> list[Task]:
    """All of them, side by side; what was not begun in time."""
    by_key = {(each.act, each.first): each for each in sweeps}
    waiting = deque(task for each in sweeps for task in each.begin())
    rare: deque[Task] = deque()
    done, deaths, told_at = 0, 0, time.monotonic()
    until_s = told_at + within_s
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(visits,)) as pool:
        going: set[Future[Told]] = set()
        while ((waiting or rare) and time.monotonic() < until_s) or going:
            while (waiting or rare) and len(going) < workers and time.monotonic() < until_s:
                going.add(pool.submit(_visit, (waiting or rare).popleft()))
            ended, going = wait(going, return_when=FIRST_COMPLETED)
            for told in [each.result() for each in ended]:
                sweep = by_key[told.task.act, told.task.first]
                done, deaths = done + 1, deaths + told.deaths
                for task in sweep.hear(told):
                    (waiting if sweep.is_common(task) else rare).append(task)
                if told.wrong:
                    print(sweep.failed[-1], flush=True)
                if told.was_met and told.task.moment and kept is not None:
                    with kept.open("a") as file:
                        file.write(f"{sweep.name}\t{told.seen[-1]}\n")
            if time.monotonic() - told_at > REPORT_EVERY_S:
                told_at = time.monotonic()
                left = f"{len(waiting)} and {len(rare)} waiting"
                print(
                    f"{done} visits, {deaths} deaths, {left}",
                    *(each.said() for each in sweeps),
                    sep="\n  ",
                    flush=True,
                )
    print(f"{done} visits, {deaths} deaths")
    return [*waiting, *rare]


def remember(sweeps: list[Sweep], kept: Path | None) -> None:
    """The deaths of a run before this one."""
    if kept is not None and kept.exists():
        by_name = {each.name: each for each in sweeps}
        for line in kept.read_text().splitlines():
            name, _, moment = line.rpartition("\t")
            if name in by_name:
                by_name[name].killed.add(moment)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--visits", type=int, default=VISITS)
    parser.add_argument("--only", default=",".join(ACTS))
    parser.add_argument("--plain", action="store_true", help="not inside recovery")
    parser.add_argument("--recovery", action="store_true", help="only inside recovery")
    parser.add_argument("--within", type=float, default=12 * 3600.0, help="seconds; the rest is counted")
    parser.add_argument("--kept", type=Path)
    given = parser.parse_args()
    named = given.only.split(",")
    sweeps = [] if given.recovery else [Sweep(act, "") for act in ACTS if act in named]
    if not given.plain:
        sweeps += [Sweep(hand.name, first) for hand, first in FIRST if hand.name in named]
    remember(sweeps, given.kept)
    began = time.monotonic()
    left = run(sweeps, given.workers, given.visits, given.within, given.kept)
    failed = [wrong for each in sweeps for wrong in each.failed]
    for each in sweeps:
        print(each.said())
        for moment in sorted(each.common - each.killed):
            print(f"  did not come: {moment}")
    print(f"{sum(len(each.killed) for each in sweeps)} moments in {time.monotonic() - began:.0f} s")
    for wrong in failed:
        print(wrong)
    if left:
        print(f"not to its end: {len(left)} visits were not begun")
    return 1 if failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
