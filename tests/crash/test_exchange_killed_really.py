"""The real core is ended by SIGKILL at the durable write of an exchange's beginning and end, before it and after it,
and at writes and reads of the coin line beside it.

The officer goes on with the real `kiosk-cash`, and the journal holds each thing once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest

from benchmarks import core as bench
from kiosk.journal.records import AnyRecord, ExchangeEnded, ExchangeStarted
from tests.crash.visits import SHIM
from tests.daemon.test_process import Core, place, read
from tests.daemon.test_staff_socket import OFFICER, ROOT, STAFF, cash

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="the officer needs an account of her own"),
]
__all__ = ["place"]

SIMULATOR = "import sys; from drivers.cctalk.sim.main import main; sys.exit(main(sys.argv[1:]))"
SETTLED_S = 6.0
"""After an act nothing new is asked any more by then."""
START = ("start", "recount", "hopper100", "--no-print")


class Machine:
    """A core that can be told to die at its next durable write."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.config = bench.prepare(place)
        self.socket = place / "staff.sock"
        self.armed = place / "kill-at"
        machine = Path(self.config[0])
        text = machine.read_text().replace("[sockets]", f'[sockets]\nstaff = "{self.socket}"')
        machine.write_text(text + STAFF)
        place.chmod(0o755)
        self.library = place / "kill.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", self.library, SHIM, "-ldl"], check=True)
        self.core = self._born()

    def _born(self) -> Core:
        os.environ.update(LD_PRELOAD=str(self.library), KILL_AT=str(self.armed))
        try:
            core = Core(self.place, self.config)
        finally:
            del os.environ["LD_PRELOAD"], os.environ["KILL_AT"]
        core.wait_for("READY=1")
        self.socket.chmod(0o666)
        return core

    def dies(self, when: str, *words: str) -> None:
        """The officer asks, and the core is gone: she is told nothing, and knows that she was told nothing."""
        self.armed.write_text(f"1 {when}")
        code, said = cash(self.socket, OFFICER, *words)
        assert code == 3, said
        assert self.was_killed(20)

    def was_killed(self, within_s: float) -> bool:
        """Within so long; then the next life has begun."""
        try:
            assert self.core.process.wait(within_s) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False
        self.core.last_words()
        self.core = self._born()
        return True

    def cash(self, *words: str) -> tuple[int, str]:
        return cash(self.socket, OFFICER, *words)

    @contextmanager
    def coin_line(self) -> Iterator[None]:
        """Acceptor and hoppers at the core's port."""
        control = self.place / "control.sock"
        command = [sys.executable, "-c", SIMULATOR, "--link", self.place / "no-port"]
        command += ["--state", self.place / "pieces", "--control", control]
        process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        try:
            deadline = time.monotonic() + 60
            while not control.exists():
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(20)

    def end(self) -> list[AnyRecord]:
        self.core.process.send_signal(signal.SIGTERM)
        self.core.last_words()
        return read(self.place)


def ending(number: str) -> tuple[str, ...]:
    return ("end", number, "--counted", "hopper100=3", "--reason", "unknown", "--no-print")


def number_of(said: str) -> str:
    return next(word for word in said.split() if word.startswith("E-"))


def test_killed_at_each_write_of_an_exchange(place: Path) -> None:
    machine = Machine(place)
    try:
        machine.dies("before", *START)
        code, said = machine.cash("list")
        assert code == 0 and "exchange E-" not in said
        machine.dies("after", *START)
        _, said = machine.cash("list")
        number = number_of(said)
        machine.dies("before", *ending(number))
        assert number in machine.cash("list")[1]
        machine.dies("after", *ending(number))
        assert "exchange E-" not in machine.cash("list")[1]
        code, said = machine.cash(*ending(number))
        assert code == 1 and "exchange-done" in said
    finally:
        records = machine.end()
    assert sum(isinstance(each, ExchangeStarted) for each in records) == 1
    assert sum(isinstance(each, ExchangeEnded) for each in records) == 1


def exchange_killed(machine: Machine, at: int, when: str) -> int:
    """One whole exchange with a death at this moment of its beginning and of its end, or of what follows each; how
    often the core died. Told nothing (3), she looks, and does what is still to be done."""
    deaths = 0
    for is_start in (True, False):
        listed = machine.cash("list")[1]
        words = START if is_start else ending(number_of(listed))
        machine.armed.write_text(f"{at} {when}")
        code, said = machine.cash(*words)
        deaths += machine.was_killed(SETTLED_S)
        machine.armed.unlink(missing_ok=True)
        if code == 3 and ("exchange E-" in machine.cash("list")[1]) is not is_start:
            code, said = machine.cash(*words)
        assert code in (0, 3), said
        assert ("exchange E-" in machine.cash("list")[1]) is is_start
    return deaths


@pytest.mark.parametrize(
    "kinds", [("write",), ("read",)] if "CAMPAIGN" in os.environ else [("write", "read")]
)
def test_killed_at_the_coin_line_in_an_exchange(place: Path, kinds: tuple[str, ...]) -> None:
    machine = Machine(place)
    moments = range(1, 200) if "CAMPAIGN" in os.environ else (5,)
    exchanges = 0
    try:
        with machine.coin_line():
            for at, when in product(moments, kinds):
                exchanges += 1
                if not exchange_killed(machine, at, when):
                    break
    finally:
        records = machine.end()
    assert exchanges > 3 or "CAMPAIGN" not in os.environ
    assert sum(isinstance(each, ExchangeStarted) for each in records) == exchanges
    assert sum(isinstance(each, ExchangeEnded) for each in records) == exchanges
