"""The real core process, without any of its devices: it is ready all the same, closes a day, and is found whole."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import core as bench
from kiosk.clock import SystemClock
from kiosk.journal import records
from kiosk.journal.checkpoint import FileVerifier
from kiosk.journal.store import open_store

pytestmark = pytest.mark.system


class Core:
    """One life of the core in `place`."""

    def __init__(self, place: Path, config: list[str]) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = place / "notify.sock"
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        self._socket.settimeout(30)
        command = [sys.executable, "-m", "kiosk.daemon.main"]
        for each in config:
            command += ["--config", each]
        self.process = subprocess.Popen(
            command, env={**os.environ, "NOTIFY_SOCKET": str(path)}, stderr=subprocess.PIPE, text=True
        )

    def wait_for(self, message: str) -> None:
        while message not in self._socket.recv(4096).decode():
            pass

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.last_words()
        return self.process.returncode

    def last_words(self) -> str:
        """What it said on its way out."""
        _, said = self.process.communicate(timeout=30)
        self._socket.close()
        return said


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path: a socket's is at most 107 bytes long."""
    with tempfile.TemporaryDirectory(prefix="core", dir="/tmp") as made:
        yield Path(made)


def read(place: Path) -> list[records.AnyRecord]:
    store = open_store(
        place / "journal.db", clock=SystemClock(), boot="test", verify=FileVerifier(place / "device.pem")
    )
    try:
        return [record for _, record in store.records()]
    finally:
        store.close()


def test_ready_without_devices_and_closes_the_day_when_asked(place: Path) -> None:
    """Also without the folder of the staff's socket: nobody can act there, and residents are served."""
    config = bench.prepare(place)
    machine = Path(config[0])
    staff = '\n[[staff]]\nid = "officer1"\nrole = "cash_officer"\nuser = "games"\n'
    socket_at = f'[sockets]\nstaff = "{place}/no-folder/staff.sock"'
    machine.write_text(machine.read_text().replace("[sockets]", socket_at) + staff)
    core = Core(place, config)
    core.wait_for("READY=1")
    core.process.send_signal(signal.SIGUSR1)
    core.wait_for("WATCHDOG=1")
    core.wait_for("WATCHDOG=1")
    core.process.send_signal(signal.SIGTERM)
    assert "no staff can act at this core" in core.last_words()
    assert core.process.returncode == 0
    found = [type(record).__name__ for record in read(place)]
    assert found[-4:] == ["Started", "DayClosed", "Checkpoint", "Stopped"]


def test_a_journal_that_was_tampered_with_is_refused(place: Path) -> None:
    config = bench.prepare(place)
    with (place / "journal.db").open("r+b") as file:
        data = file.read()
        at = data.rindex(b'"fee":200')
        file.seek(at)
        file.write(b'"fee":100')
    core = Core(place, config)
    said = core.last_words()
    assert core.process.returncode == 73
    assert "journal" in said


def test_an_unknown_key_is_refused_with_its_place(place: Path) -> None:
    config = bench.prepare(place)
    Path(config[0]).write_text(Path(config[0]).read_text() + "\n[surprise]\nkey = 1\n")
    core = Core(place, config)
    said = core.last_words()
    assert core.process.returncode == 78
    assert "machine.toml" in said
    assert "surprise" in said
