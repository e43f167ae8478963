"""One run of `kiosk-sim up` as its starter sees it: started, asked, ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from drivers.simpanel import control, places
from kiosk.errors import ConfigError

ENDS_WITHIN_S = 15.0
_UP = (sys.executable, "-P", "-m", "drivers.simpanel.cli", "up")


class Session:
    """A running kiosk in a folder. As a context manager it ends with the block, however that ends."""

    def __init__(self, out: Path, arguments: Sequence[str] = ()) -> None:
        self.out = out
        self._arguments = tuple(arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: IO[bytes] | None = None
        """While we hold it the run goes on; it ends with us, even if we are killed."""

    def __enter__(self) -> Session:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and wait until it is ready. ConfigError with its words when it is not."""
        self.out.mkdir(parents=True, exist_ok=True)
        ready, ready_in = os.pipe()
        log_path = self.out / "up.log"
        with open(log_path, "wb") as log:
            self._process = subprocess.Popen(
                [*_UP, "--out", str(self.out), "--ready-fd", str(ready_in), *self._arguments],
                pass_fds=(ready_in,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(places.code_root())},
            )
        os.close(ready_in)
        self._lifeline = open(ready, "rb", buffering=0)
        if self._lifeline.readline() != b"ready\n":  # the pipe closes when the run ends
            self.stop()
            raise ConfigError("the kiosk did not start:\n" + log_path.read_text(errors="replace").strip())

    def do(self, verb: str, *args: str) -> Mapping[str, Any]:
        return control.do(self.out, verb, *args)

    def stop(self) -> None:
        """End it in order; what does not end is killed by its namespaces."""
        process, self._process = self._process, None
        lifeline, self._lifeline = self._lifeline, None
        if lifeline is not None:
            lifeline.close()
        if process is None:
            return
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(ENDS_WITHIN_S)
