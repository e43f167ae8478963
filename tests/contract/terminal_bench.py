"""The simulated terminal as a process of its own, and our driver on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drivers import registry
from drivers.transport.control import request
from kiosk.ports import Driver
from tests.contract.told import PATIENCE_S, Told

TERMINAL, POI = "terminal1", "POI-0001"
_SIM = "import sys; from drivers.cashless.sim import main; sys.exit(main(sys.argv[1:]))"


class Sim:
    """The terminal as a process. Its state outlives it, and it comes back at the same port, or at its `link`."""

    def __init__(self, folder: Path, *argv: str, link: Path | None = None) -> None:
        self._folder, self._argv, self.port, self._link = folder, argv, 0, link
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        common = ("--state", str(self._folder / "state"), "--control", str(self._folder / "control"))
        line = ("--tcp", str(self.port)) if self._link is None else ("--link", str(self._link))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SIM, *line, *common, "--read-ms", "40", *self._argv],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        word, *port = self._process.stdout.readline().split()
        assert word == "ready"
        self.port = int(port[0]) if port else 0

    def do(self, verb: str, *args: object) -> dict[str, Any]:
        answer = request(self._folder / "control", verb, *(str(each) for each in args))
        assert answer.pop("ok"), answer
        return answer

    @property
    def taken(self) -> dict[str, int]:
        return self.do("state")["taken"]

    def died(self) -> None:
        """Wait until it is gone by itself."""
        assert self._process is not None
        self._process.wait(PATIENCE_S)
        self._forget()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._forget()

    def _forget(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None


@contextmanager
def driven(sim: Sim, **options: object) -> Iterator[tuple[Driver, Told]]:
    told = Told()
    given = {
        "port": f"tcp://127.0.0.1:{sim.port}",
        "poi": POI,
        "sale": "kiosk-1",
        "retry_s": 0.05,
        "quiet_s": 0.3,
        "settle_s": 0.1,
        "status_every_s": 0.1,
        **options,
    }
    driver = registry.driver("cashless")(TERMINAL, given, told)
    driver.start()
    try:
        yield driver, told
    finally:
        driver.stop()
