"""The real core is ended by SIGKILL at the durable write of an exchange's beginning and end, before it and after it.

The officer goes on with the real `kiosk-cash`, and the journal holds each thing once. Every moment of it, the serial
lines' too: campaign_killed.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from benchmarks import core as bench
from kiosk.journal.records import AnyRecord, ExchangeEnded, ExchangeStarted
from tests.crash.visits import SHIM
from tests.daemon.test_process import Core, place, read
from tests.daemon.test_staff_socket import OFFICER, STAFF, cash

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="the officer needs an account of her own"),
]
__all__ = ["place"]

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
