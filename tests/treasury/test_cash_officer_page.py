"""docs/cash-officer.md, walked from beginning to end: each command on the page is run, in its order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk import intents, ports
from kiosk.journal.ledger import imbalances
from kiosk.money import Denomination, Yen
from tests.engine.world import World
from tests.treasury.bench import IS_ROOT, Bench

PAGE = Path(__file__).parents[2] / "docs/cash-officer.md"
_STEP = re.compile(r"<!-- walk: (?P<act>.+) -->|^(?P<who>[a-z0-9]*)\$ (?P<command>.+)$", re.MULTILINE)


def steps() -> Iterator[tuple[str, str]]:
    """("act", what residents do) or (who, command)."""
    for found in _STEP.finditer(PAGE.read_text(encoding="utf-8")):
        if found["act"]:
            yield "act", found["act"]
        else:
            yield found["who"] or "officer1", found["command"]


def two_pay(world: World) -> None:
    for _ in range(2):
        world.until_pay()
        world.insert(Denomination.COIN100)
        world.insert(Denomination.COIN100)
        world.take_all()
        world.tap(intents.Next)


def paper_in_doubt(world: World) -> None:
    world.until_pay()
    world.physics.print_outcome = ports.Outcome.UNKNOWN
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)
    world.take_all()
    for _ in range(3):
        world.time_out("stage")
    world.physics.print_outcome = ports.Outcome.CONFIRMED


def coin_without_owner(world: World) -> None:
    told = world.physics.credits = world.physics.credits + 1
    world.physics.units["hopper500"] += 1
    event = ports.CoinAccepted("coin1", 1, told, told % 255, Denomination.COIN500, "hopper500", "a1")
    world.event(event)


ACTS: dict[str, Callable[[World], None]] = {
    "two residents pay": two_pay,
    "a paper in doubt": paper_in_doubt,
    "a coin without an owner": coin_without_owner,
}
_NAMES = {
    "LINE": re.compile(r"paper in doubt (\w+)"),
    "SLIP": re.compile(r"slip (\w+)"),
    "INCIDENT": re.compile(r"incident (\w+)"),
}


def filled_in(bench: Bench, command: str) -> str:
    """The page's LINE, SLIP, INCIDENT are what `kiosk-cash list` says."""
    for name, form in _NAMES.items():
        if re.search(rf"\b{name}\b", command):
            _, said, _ = bench.cash("list")
            command = re.sub(rf"\b{name}\b", form.search(said)[1], command)
    return command


@pytest.mark.system
@pytest.mark.skipif(not IS_ROOT, reason="three people need three uids")
def test_the_whole_page(bench: Bench) -> None:
    done = 0
    for who, step in steps():
        if who == "act":
            bench.do(ACTS[step])
            continue
        command, _, wanted = step.partition("#")
        words = shlex.split(filled_in(bench, command))
        if words[0] == "systemctl":
            bench.start() if words[1] == "start" else bench.stop()
            continue
        assert words.pop(0) == "kiosk-cash"
        if "--config" in words:
            names = iter(bench.files)
            words = [str(next(names)) if each.startswith("/etc/madoguchi/") else each for each in words]
        code, said, why = bench.cash(*words, as_=who)
        refusal = wanted.strip().removeprefix("refused: ")
        assert (code, bool(refusal)) in ((0, False), (1, True)), f"{step}\n{said}{why}"
        assert not refusal or f"[{refusal}]" in why
        done += 1
    assert done > 35
    bench.do(lambda world: at_the_end(world, bench))


def at_the_end(world: World, bench: Bench) -> None:
    ledger = world.ledger
    assert imbalances(ledger) == ()
    assert ledger.in_units == Yen(0)
    assert ledger.float_amount == Yen(0)
    assert (ledger.difference, ledger.receipts_inside) == (Yen(0), Yen(0))
    assert ledger.totals.receipts_cash == Yen(400)
    assert ledger.restored == Yen(200), "what the counter paid for the slip went back to the counter"
    assert ledger.found_out == Yen(500)
    kinds = [each.kind for each in bench.printed]
    assert kinds.count("exchange") == 7 and kinds.count("day") == 3
    assert (bench.place / "chotei.csv").read_text(encoding="utf-8-sig").count("400") == 1
