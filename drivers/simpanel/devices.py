"""`kiosk-sim devices`: the four simulators that provisioning/config/machine.demo.toml names, for a machine of its own
(kiosk-sim.service). A machine in production refuses them, and has not even their program."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Sequence
from pathlib import Path

from kiosk.errors import ConfigError

LINES = {"cctalk": "cctalk", "id003": "id003", "escpos": "receipt"}
"""Simulator -> the name of its line in the folder."""
IPP_PORT = 8631
GROUP = "dialout"
MODES = ("demo", "training")
_GENTLE_S = 5.0
_GLANCE_S = 0.2


def commands(folder: Path, state: Path) -> list[list[str]]:
    """Each simulator's words, with its line, its state and its control socket (kiosk-sim do)."""
    me = [sys.executable, "-P", "-m", "drivers.simpanel.cli"]
    made = []
    for name, line in LINES.items():
        kept = "--dir" if name == "escpos" else "--state"
        words = [name, "--link", str(folder / line), "--group", GROUP, kept, str(state / name)]
        made.append([*me, *words, "--control", str(folder / f"{name}.sock")])
    ipp = ["ipp", "--port", str(IPP_PORT), "--dir", str(state / "ipp"), "--control", str(folder / "ipp.sock")]
    return [*made, [*me, *ipp]]


def refuse_production(machine: Path) -> None:
    """ConfigError unless the machine's own file says that it is one for show."""
    try:
        mode = tomllib.loads(machine.read_text(encoding="utf-8"))["machine"]["mode"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{machine}: no machine.mode can be read there") from None
    if mode not in MODES:
        raise ConfigError(f"{machine}: simulators are for {' and '.join(MODES)}, never for this machine")


def main(argv: Sequence[str]) -> int:
    """Until SIGTERM. 1: one of them ended by itself, and the others with it; systemd starts all again."""
    parser = argparse.ArgumentParser(prog="kiosk-sim devices", description=__doc__)
    parser.add_argument(
        "--config", type=Path, required=True, help="the machine's file: its mode is looked at"
    )
    parser.add_argument("--dir", type=Path, default=Path("/run/kiosk/sim"), help="lines and control sockets")
    parser.add_argument("--state", type=Path, required=True, help="what is in hoppers and boxes")
    options = parser.parse_args(argv)
    refuse_production(options.config)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    running = [subprocess.Popen(words) for words in commands(options.dir, options.state)]
    try:
        while not ended.wait(_GLANCE_S):
            if any(each.poll() is not None for each in running):
                return 1
        return 0
    finally:
        _end(running)


def _end(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for each in running:
        each.terminate()
    for each in running:
        try:
            each.wait(_GENTLE_S)
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait(_GENTLE_S)
