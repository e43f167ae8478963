"""Wire faults × deaths × visits: a hundred thousand schedules of a whole kiosk in one process, counted as they run.

    python -m tests.crash.campaign_room [--schedules 100000] [--first 0] [--no-deaths]

A schedule: one of five visits; one exchange of one cable is hurt in one of seven ways (or none is); the core dies at
one write or read of a cable, or before or after one journal write is durable (or does not die); and perhaps once more
while it recovers. Afterwards every yen that people put in is in somebody's hand, booked, owed, held, or openly in
doubt, and no payout was carried out that was not intended. A seed that fails is kept in `tests/crash/room_seeds.txt`.
Last, with nothing hurt, each visit dies once at every one of its moments.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import time
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

from kiosk.slips import texts_of
from tests.crash.room import VISITS, WIRE_FAULTS, Death, Hardware, Room, disarm
from tests.engine.world import CrashError

SCHEDULES = 100_000
REPORT_EVERY = 1000
MOMENTS = {"write": 260, "read": 420, "before": 26, "after": 26}
"""Kinds of death, and how many of each a visit has, at most."""
MONEY = {"coins": (167, 166, 229, 231), "notes": (0x42, 0x50, 0x14A, 0x1A2, 0x40)}
"""Dispense, its status, credits, inhibits; stack, ACK, payout, counts, reset."""
SEEDS = Path(__file__).with_name("room_seeds.txt")


class Schedule(NamedTuple):
    """Everything that goes wrong, and where. Empty words: nothing."""

    visit: int
    fault: str
    fault_at: int
    line: str
    fault_on: int
    """0: any exchange; else a header or command: the bytes that move money are hurt as often as all others."""
    death_at: int
    death: str
    second_at: int
    second: str = ""


def drawn(seed: int) -> Schedule:
    dice = random.Random(seed)  # a schedule, no secret
    visit = dice.randrange(len(VISITS))
    fault = dice.choice(("", *WIRE_FAULTS))
    line = dice.choice(("coins", "notes"))
    fault_on = dice.choice((0, dice.choice(MONEY[line])))
    death = dice.choice(("", *MOMENTS))
    second = dice.choice(("", "", *MOMENTS)) if death else ""
    return Schedule(
        visit,
        fault,
        dice.randint(1, 3 if fault_on else 120),
        line,
        fault_on,
        dice.randint(1, MOMENTS.get(death, 1)),
        death,
        dice.randint(1, max(1, MOMENTS.get(second, 1) // 3)),
        second,
    )


def play(schedule: Schedule, room: Room | None = None) -> str:
    """Empty: it ended to the yen. Else what went wrong. `room`: one that has just booted."""
    room = room or Room(Hardware()).boot()
    hardware = room.hardware
    wire = hardware.coin_line.wire if schedule.line == "coins" else hardware.note_line.wire
    wire.counts.clear()
    wire.script = {(schedule.fault_on, schedule.fault_at): schedule.fault} if schedule.fault else {}
    room = _lived(room, Death(schedule.death, schedule.death_at), VISITS[schedule.visit])
    if room.is_dead:
        room = _lived(room.reborn(), Death(schedule.second, schedule.second_at), _recover)
        if room.is_dead:
            room = room.reborn()
            _recover(room)
    wire.script = {}
    room.hands(120)
    room.live(3)
    return room.account_for_every_yen()


def every_death(visit: int, where: str) -> Iterator[tuple[int, str]]:
    """Nothing is hurt; the core dies at the first, the second … of these moments, until a visit lives to its end."""
    at = 0
    while True:
        at += 1
        schedule = Schedule(visit, "", 0, "coins", 0, at, where, 0)
        hardware = Hardware()
        room = _lived(Room(hardware).boot(), Death(where, at), VISITS[visit])
        if not room.is_dead:
            return
        room = room.reborn()
        _recover(room)
        room.live(3)
        yield at, room.account_for_every_yen() and f"{room.account_for_every_yen()} {schedule}"


def _recover(room: Room) -> None:
    room.boot()
    room.hands(120)


def _lived(room: Room, death: Death, act: object) -> Room:
    """Act until done or dead."""
    if death.where:
        death.arm(room)
    try:
        act(room)  # type: ignore[operator]
    except CrashError:
        room.is_dead = True
    disarm(room)
    if room.is_dead and death.where in ("before", "after"):
        room.last_gasp()
    return room


_READY: list[Room] = []
"""A kiosk that has booted, one for each worker: every schedule begins as a child of that moment."""


def _make_ready() -> None:
    _READY.append(Room(Hardware()).boot())
    texts_of("ja")  # a catalogue read by nearly every child
    gc.collect()
    gc.freeze()


def _tried(seed: int) -> tuple[int, str]:
    """In a child of its own: nothing of one schedule is left for the next, and the boot is paid once."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as told:
            wrong = told.read()
        _, status = os.waitpid(child, 0)
        return seed, wrong or (f"the child ended with {status}" if status else "")
    gc.disable()
    try:
        wrong = play(drawn(seed), _READY[0])
    except Exception as error:  # whatever it is, the seed is kept
        wrong = f"{type(error).__name__}: {error}"
    os.write(writing, wrong.encode())
    os._exit(0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=SCHEDULES)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-deaths", action="store_true", help="schedules only, not every death once")
    given = parser.parse_args()
    began = time.monotonic()
    seeds = range(given.first, given.first + given.schedules)
    failed: list[tuple[int, str]] = []
    done = 0
    with Pool(given.workers, _make_ready) as pool:
        for seed, wrong in pool.imap_unordered(_tried, seeds, chunksize=50):
            done += 1
            if not done % REPORT_EVERY:
                print(f"{done} schedules, {len(failed)} failed", flush=True)
            if wrong:
                failed.append((seed, wrong))
                print(f"seed {seed}: {wrong}\n    {drawn(seed)}", flush=True)
    for visit, act in enumerate(VISITS if not given.no_deaths else ()):
        counts = {}
        for where in MOMENTS:
            ends = list(every_death(visit, where))
            counts[where] = len(ends)
            done += len(ends)
            failed += [(-1, wrong) for _, wrong in ends if wrong]
        print(f"{act.__name__}: killed once at each of {counts}", flush=True)
    wall_s, cpu_s = time.monotonic() - began, sum(os.times()[:4])
    print(
        f"seeds {given.first} to {given.first + given.schedules - 1}: {done} schedules in {wall_s:.0f} s, "
        f"{cpu_s:.0f} s of processor, {len(failed)} failed"
    )
    if failed:
        with SEEDS.open("a", encoding="ascii") as file:
            file.writelines(f"{seed}\n" for seed, _ in failed if seed >= 0)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
