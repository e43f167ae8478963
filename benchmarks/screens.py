"""How quick the screens are, from outside: a real window on Xvfb, real pointer events, views over the real socket.

    python -m benchmarks.screens                writes benchmarks/screens.md (with 2,000 sessions: more than an hour)
    python -m benchmarks.screens --sessions 60 --rounds 1   a look at whether it runs; writes nothing
    chrt -r 5 python -m benchmarks.screens      the same on a machine that others use too

Every time ends with the frame that shows it (the moment after the buffers were swapped, in the window's process) and
starts where the cause is: the X server's fake pointer press, or the core's `send`. CLOCK_MONOTONIC is one for both.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from kiosk.ipc import wire
from kiosk.money import Yen
from kiosk.view import SessionView
from screens import samples

SIZE = (1080, 1920)
STARTS = 7
PRESSES = 150
UPDATES = 200
ROUNDS = 12
SESSIONS = 2000
SETTLED = 100
"""Sessions before the slope of memory is taken: what is loaded once is loaded then."""
SLOPE_MOST_KB = 1.0
LIMITS = {
    "tap to pressed state": 50,
    "update in place": 50,
    "new screen": 80,
    "language switch": 150,
    "process start to first frame": 1500,
}
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

    def __init__(self, folder: Path, display: str) -> None:
        self._probe_path = folder / "probe.sock"
        self._rev = 0
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


def memory(ui: Ui, sessions: int) -> list[tuple[int, float]]:
    """Resident MB after so many sessions, each in another language."""
    found = []
    every = max(1, sessions // 100)
    for session in range(1, sessions + 1):
        language = samples.LANGUAGES[session % len(samples.LANGUAGES)]
        for name in JOURNEY:
            ui.publish(samples.sample(name, language))
        if session % every == 0:
            time.sleep(0.5)  # garbage is collected after a screen was seen
            found.append((session, float(ui.ask("metrics")["rss_mb"])))
    return found


def slope_kb(found: list[tuple[int, float]]) -> float:
    """kB a session, the straight line of least squares once everything is loaded."""
    settled = [each for each in found if each[0] > SETTLED] or found
    if len(settled) < 2:
        return 0.0
    sessions, megabytes = zip(*settled, strict=True)
    return float(statistics.linear_regression(sessions, megabytes).slope) * 1000


def starts(folder: Path, display: str) -> list[float]:
    times = []
    for _ in range(STARTS):
        ui = Ui(folder, display)
        ui.publish(samples.sample("attract"))
        times.append(float(ui.ask("metrics")["first_frame_ms"]))
        ui.end()
    return times


def _p99(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, round(len(times) * 0.99) - 1)]


def _company(load: float) -> str:
    """What else ran: a tail is the scheduler's as much as ours."""
    if os.sched_getscheduler(0) == os.SCHED_RR:
        return (
            f"Run under `chrt -r 5`, as if alone: the machine was shared (load {load:.1f} before it began)."
        )
    return f"Load of the machine before it began: {load:.1f}."


def report(figures: dict[str, list[float]], resident: list[tuple[int, float]], load: float) -> str:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    lines = [
        "# The screens: from cause to frame",
        "",
        f"`python -m benchmarks.screens` on {os.cpu_count()} cores of {model}, Python {platform.python_version()},",
        "1080x1920 on Xvfb, OpenGL by llvmpipe. Drawing a full frame and copying it to the server takes 10 to 20 ms.",
        _company(load),
        "",
        "| ms | times | median | p99 | worst | limit (p99) |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, times in figures.items():
        row = (
            len(times),
            f"{statistics.median(times):.1f}",
            f"{_p99(times):.1f}",
            f"{max(times):.1f}",
            LIMITS[name],
        )
        lines.append(f"| {name} | " + " | ".join(str(each) for each in row) + " |")
    first, last = resident[0], resident[-1]
    lines += [
        "",
        f"Resident: {first[1]:.0f} MB after {first[0]} sessions, {last[1]:.0f} MB after {last[0]} (limit 350); from",
        f"{SETTLED} sessions on {slope_kb(resident):.2f} kB a session (least squares; limit {SLOPE_MOST_KB:.0f}),",
        f"each in the next of {len(samples.LANGUAGES)} languages.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    global ROUNDS, PRESSES, UPDATES, STARTS  # a short run has fewer of each
    parser = argparse.ArgumentParser(description="How quick the screens are.")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    is_short = asked.sessions < SESSIONS or asked.rounds < ROUNDS
    if is_short:
        ROUNDS, PRESSES, UPDATES, STARTS = asked.rounds, 10, 20, 1
    figures: dict[str, list[float]] = {}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, x_server() as display:
        folder = Path(name)
        figures["process start to first frame"] = starts(folder, display)
        ui = Ui(folder, display)
        ui.publish(samples.sample("attract"))
        time.sleep(2.0)  # what the window does in its first idle second
        figures["tap to pressed state"] = presses(ui, Pointer(display))
        figures["update in place"] = updates(ui)
        figures["new screen"] = screens(ui)
        figures["language switch"] = languages(ui)
        resident = memory(ui, asked.sessions)
        ui.end()
    text = report(figures, resident, load)
    if not is_short:
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
