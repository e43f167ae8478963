"""How quick the screens are, from outside: a real window on Xvfb, real pointer events, views over the real socket.

    python -m benchmarks.screens --only times     about three minutes
    python -m benchmarks.screens --only memory    2,000 sessions: half an hour and more; need not be alone
    python -m benchmarks.screens                  both
    python -m benchmarks.screens --sessions 60 --rounds 1   a look at whether it runs; writes nothing
    chrt -r 5 python -m benchmarks.screens --only times     the same on a machine that others use too

Each part writes its own section of benchmarks/screens.md and leaves the other. Exit code 1: a limit was not held.

Every time ends with the frame that shows it (the moment after the buffers were swapped, in the window's process) and
starts where the cause is: the X server's fake pointer press, or the core's `send`. CLOCK_MONOTONIC is one for both.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.screens_report import (
    IN_A_ROW,
    Resident,
    memory_section,
    times_section,
    write_curve,
    write_section,
)
from kiosk.ipc import wire
from kiosk.money import Yen
from kiosk.view import SessionView
from screens import samples

SIZE = (1080, 1920)
STARTS = 7
RESTARTS = 5
PRESSES = 150
UPDATES = 200
ROUNDS = 12
SESSIONS = 2000
JOURNEY = (
    "attract",
    "language",
    "place-card",
    "pin",
    "take-card",
    "kinds-none",
    "options",
    "working-preparing",
    "confirm",
    "pay",
    "working",
    "take-things",
    "done",
)
OTHERS = ("notice-C-103", "trouble-held", "returning", "offer-back", "last-try", "out-printer")


class Pointer:
    """The X server's own pointer, moved and pressed through XTEST: no process is started for a touch."""

    def __init__(self, display: str) -> None:
        self._x11 = ctypes.CDLL("libX11.so.6")
        self._test = ctypes.CDLL("libXtst.so.6")
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(display.encode()))

    def move(self, x: float, y: float) -> None:
        self._test.XTestFakeMotionEvent(self._display, -1, int(x), int(y), 0)
        self._x11.XSync(self._display, 0)

    def press(self, is_down: bool) -> float:
        at_s = time.monotonic()
        self._test.XTestFakeButtonEvent(self._display, 1, int(is_down), 0)
        self._x11.XSync(self._display, 0)
        return at_s


class Ui:
    """The screens' process with a stand-in for the core behind its socket."""

    def __init__(self, folder: Path, display: str, last_rev: int = 0) -> None:
        self._probe_path = folder / "probe.sock"
        self._rev = last_rev
        listener = socket.socket(socket.AF_UNIX)
        path = folder / "view.sock"
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        listener.listen(1)
        command = [
            sys.executable,
            "-m",
            "screens.probe",
            "--socket",
            str(path),
            "--probe",
            str(self._probe_path),
        ]
        command += ["--pin-socket", str(folder / "pin.sock"), "--size", "1080x1920"]
        self._probe_path.unlink(missing_ok=True)
        environment = {**os.environ, "DISPLAY": display}
        self.process = subprocess.Popen([*command, "--panel-mm", "267.8x476.1"], env=environment)
        self._peer, _ = listener.accept()
        listener.close()
        self._probe = self._connect()
        self._number = 0

    def _connect(self) -> Any:
        while True:
            probe = socket.socket(socket.AF_UNIX)
            try:
                probe.connect(str(self._probe_path))
                return probe.makefile("rwb")
            except OSError:
                probe.close()
                time.sleep(0.02)

    def ask(self, question: str, **more: object) -> dict[str, Any]:
        self._probe.write(json.dumps({"ask": question, **more}).encode() + b"\n")
        self._probe.flush()
        answer: dict[str, Any] = json.loads(self._probe.readline())
        return answer

    def publish(self, view: SessionView) -> float:
        """Milliseconds from the core's send to the frame that shows it."""
        self._rev += 1
        view = msgspec.structs.replace(view, rev=self._rev, step=self._rev)
        at_s = time.monotonic()
        self._peer.sendall(wire.line(wire.ViewPublished(view)))
        while True:
            time.sleep(0.012)
            for shown in self.ask("history", after=self._number)["shown"]:
                self._number = shown["number"]
                if shown["rev"] == self._rev:
                    return (float(shown["shown_at_s"]) - at_s) * 1000

    def flipped_after(self, at_s: float) -> float:
        """Milliseconds from a moment to the first frame after it."""
        while True:
            time.sleep(0.012)
            last = float(self.ask("metrics")["last_flip_s"])
            if last > at_s:
                return (last - at_s) * 1000

    def wait_until_ready(self) -> None:
        """What the window makes ready while nobody touches it, is."""
        while not self.ask("metrics")["is_ready"]:
            time.sleep(0.1)

    def rect_of(self, key: str) -> list[float]:
        nodes = self.ask("layout")["nodes"]
        return list(next(node["rect"] for node in nodes if node["key"] == key and node["role"] == "button"))

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


@contextmanager
def x_server() -> Iterator[str]:
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1080x1920x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        yield f":{os.read(read, 16).decode().strip()}"
    finally:
        server.terminate()
        server.wait()


def presses(ui: Ui, pointer: Pointer) -> list[float]:
    ui.publish(samples.sample("confirm"))
    time.sleep(0.6)
    x, y, width, height = ui.rect_of("main")
    times = []
    for _ in range(PRESSES):
        pointer.move(x + width / 2, y + height / 2)
        time.sleep(0.03)
        times.append(ui.flipped_after(pointer.press(True)))
        pointer.move(20, 300)  # released outside: no intent, the screen stays
        time.sleep(0.05)
        pointer.press(False)
        time.sleep(0.03)
    return times


def updates(ui: Ui) -> list[float]:
    view = samples.sample("pay")
    ui.publish(view)
    time.sleep(0.6)
    times = []
    for index in range(UPDATES):
        inserted = Yen(10 * (index % 60))
        body = msgspec.structs.replace(view.body, inserted=inserted, remaining=Yen(600) - inserted)
        times.append(ui.publish(msgspec.structs.replace(view, body=body)))
    return times


def screens(ui: Ui) -> list[float]:
    times = []
    for _ in range(ROUNDS):
        for name in JOURNEY + OTHERS:
            times.append(ui.publish(samples.sample(name)))
            time.sleep(0.1)
    return times


def languages(ui: Ui) -> list[float]:
    """On every screen of a visit from each language to the next, so that none finds its words drawn already."""
    times = []
    for name in JOURNEY:
        ui.publish(samples.sample(name))
        for language in (*samples.LANGUAGES[1:], "ja"):
            time.sleep(0.1)
            times.append(ui.publish(samples.sample(name, language)))
    return times


def memory(ui: Ui, sessions: int, minutes: float) -> list[Resident]:
    """Taken in the middle of every language's turn; fewer sessions if the time is over before.

    Before the first session, and in each language when it is met first, the window has the seconds without a touch in
    which it makes the next screens ready, as it has on a kiosk: what it loads there, once, is no growth.
    """
    found: list[Resident] = []
    ends_s = time.monotonic() + minutes * 60
    ui.publish(samples.sample("attract"))
    ui.wait_until_ready()
    for session in range(1, sessions + 1):
        if time.monotonic() > ends_s:
            break
        language = samples.LANGUAGES[session // IN_A_ROW % len(samples.LANGUAGES)]
        for name in JOURNEY:
            ui.publish(samples.sample(name, language))
        if session % IN_A_ROW == IN_A_ROW // 2:
            time.sleep(0.5)  # memory is tidied after a screen was seen
            if len(found) < len(samples.LANGUAGES):
                ui.wait_until_ready()
            figures = ui.ask("metrics")
            found.append(Resident(session, float(figures["rss_mb"]), float(figures["own_mb"])))
            write_curve(found)
    return found


def starts(folder: Path, display: str) -> list[float]:
    times = []
    for _ in range(STARTS):
        ui = Ui(folder, display)
        ui.publish(samples.sample("attract"))
        times.append(float(ui.ask("metrics")["first_frame_ms"]))
        ui.end()
    return times


def restarts(folder: Path, display: str) -> list[float]:
    """From SIGKILL in the middle of a payment to the frame that shows it again, with the pause that systemd makes. The
    compositor's own start is not in it."""
    unit = Path(__file__).parents[1] / "systemd/system/kiosk-ui.service"
    pause = re.search(r"^RestartSec=(\d+)ms$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    assert pause is not None
    view = samples.sample("pay")
    ui = Ui(folder, display)
    ui.publish(view)
    times = []
    for _ in range(RESTARTS):
        before = ui.ask("history")["shown"][-1]
        killed_s = time.monotonic()
        ui.process.kill()
        ui.process.wait(10)
        time.sleep(int(pause[1]) / 1000)
        ui = Ui(folder, display, last_rev=before["rev"] - 1)
        ui.publish(view)
        again = ui.ask("history")["shown"][-1]
        assert all(again[each] == before[each] for each in ("body", "step", "fields")), "another step"
        times.append((float(again["shown_at_s"]) - killed_s) * 1000)
    ui.end()
    return times


def main() -> int:
    global ROUNDS, PRESSES, UPDATES, STARTS, RESTARTS  # a short run has fewer of each
    parser = argparse.ArgumentParser(description="How quick the screens are.")
    parser.add_argument("--only", choices=("times", "memory"))
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--minutes", type=float, default=300.0, help="of memory, at most; the report says its sessions"
    )
    asked = parser.parse_args()
    is_short = asked.sessions < SESSIONS or asked.rounds < ROUNDS
    if is_short:
        ROUNDS, PRESSES, UPDATES, STARTS, RESTARTS = asked.rounds, 10, 20, 1, 1
    load = os.getloadavg()[0]
    sections: dict[str, tuple[str, bool]] = {}
    with tempfile.TemporaryDirectory() as name, x_server() as display:
        folder = Path(name)
        if asked.only != "memory":
            sections["Times"] = times_section(measure_times(folder, display), load, len(JOURNEY))
        if asked.only != "times":
            ui = Ui(folder, display)
            sections["Memory"] = memory_section(memory(ui, asked.sessions, asked.minutes), load, len(JOURNEY))
            ui.end()
    for name, (text, _) in sections.items():
        if not is_short:
            write_section(name, text)
        sys.stdout.write(f"## {name}\n\n{text}\n")
    return 0 if all(is_held for _, is_held in sections.values()) else 1


def measure_times(folder: Path, display: str) -> dict[str, list[float]]:
    """Name -> milliseconds."""
    figures = {
        "process start to first frame": starts(folder, display),
        "killed, to the same step again": restarts(folder, display),
    }
    ui = Ui(folder, display)
    ui.publish(samples.sample("attract"))
    time.sleep(2.0)  # what the window does in its first idle second
    figures["tap to pressed state"] = presses(ui, Pointer(display))
    figures["update in place"] = updates(ui)
    figures["new screen"] = screens(ui)
    figures["language switch"] = languages(ui)
    ui.end()
    return figures


if __name__ == "__main__":
    sys.exit(main())
