"""Puts the simulated printer on a line and serves the control socket. README.md lists the verbs."""

from __future__ import annotations

import argparse
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drivers.escpos.sim.mechanism import FAULTS, Mechanism
from drivers.transport.pty import Line, open_line
from drivers.transport.sim.process import serve

_TICK_S = 0.25


class Printer:
    """The mechanism and its plug."""

    def __init__(self, line: Line, directory: Path) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._has_power = True
        self._mechanism = Mechanism(directory, self._answer)
        self._leaving = threading.Event()

    def _answer(self, data: bytes) -> None:
        if self._has_power:
            self._line.write(data)

    def leave(self) -> None:
        self._leaving.set()

    def close(self) -> None:
        self._line.close()

    def run(self) -> None:
        while not self._leaving.is_set():
            data = self._line.read(_TICK_S)
            with self._lock:
                if data and self._has_power:
                    self._mechanism.receive(data)

    def state(self) -> Mapping[str, Any]:
        with self._lock:
            return self._state()

    def _state(self) -> Mapping[str, Any]:
        return {
            "alive": self._has_power,
            "faults": list(self._mechanism.faults),
            "slips": self._mechanism.slips,
        }

    def fault(self, name: str) -> Mapping[str, Any]:
        with self._lock:
            self._mechanism.set_fault(name)
            return self._state()

    def paper_out(self, after_rows: str = "") -> Mapping[str, Any]:
        """At once, or after so many rows: in the middle of a slip."""
        if not after_rows:
            return self.fault("paper-out")
        with self._lock:
            self._mechanism.run_out_after(int(after_rows))
            return self._state()

    def clear(self) -> Mapping[str, Any]:
        with self._lock:
            for fault in FAULTS:
                self._mechanism.set_fault(fault, is_on=False)
            return self._state()

    def die(self) -> Mapping[str, Any]:
        with self._lock:
            self._mechanism.lose_power()
            self._has_power = False
            return self._state()

    def restart(self) -> Mapping[str, Any]:
        with self._lock:
            self._mechanism.lose_power()
            self._has_power = True
            return self._state()

    def last(self) -> Mapping[str, Any]:
        with self._lock:
            found = self._mechanism.last()
            return {"path": str(found) if found else ""}

    def verbs(self) -> dict[str, Any]:
        """What `kiosk-sim do` may ask of this printer."""
        return {
            "state": self.state,
            "paper-out": self.paper_out,
            "near-end": lambda: self.fault("near-end"),
            "cover-open": lambda: self.fault("cover-open"),
            "cutter-error": lambda: self.fault("cutter-error"),
            "clear": self.clear,
            "die": self.die,
            "restart": self.restart,
            "last": self.last,
        }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="kiosk-sim escpos", description="A receipt printer without paper.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--link", help="stable name of a pty")
    where.add_argument("--tcp", type=int, help="port on 127.0.0.1 (socket://127.0.0.1:PORT)")
    parser.add_argument("--group", default="", help="group that may open the pty")
    parser.add_argument("--dir", type=Path, required=True, help="the slips that came out")
    parser.add_argument("--control", type=Path, required=True, help="Unix socket for kiosk-sim do")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="escpos: %(message)s")
    options.dir.mkdir(parents=True, exist_ok=True)
    printer = Printer(open_line(options.link, options.tcp, group=options.group), options.dir)
    return serve(printer, options.control, printer.verbs())
