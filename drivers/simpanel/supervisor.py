"""Starts the processes of a run side by side, watches them, restarts those kept up, ends them all."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable

from drivers.simpanel.process import Part, Running, Task, start
from kiosk.errors import ConfigError

RESTART_AFTER_S = 1.0
"""RestartSec= of the units."""

GENTLE_S = 5.0
"""How long processes may take to end by themselves before they are killed."""


def say(text: str) -> None:
    """A line for the person at the terminal."""
    print(text, flush=True)


class Supervisor:
    """Process 1 of a run. `watch` belongs to the main thread; everything else may be called from any."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._parts: dict[str, Part] = {}
        self._running: dict[str, Running] = {}
        self._by_pid: dict[int, Running] = {}
        self._ready: dict[str, threading.Event] = {}
        self._held: set[str] = set()
        """Ended on purpose: not started again by itself."""
        self._failed = threading.Event()
        self._stopping = threading.Event()
        self._wake_out, self._wake_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.is_complete = False
        """Everything became ready once."""
        self.first_ready: dict[str, float] = {}
        """Seconds each part needed to become ready the first time."""

    # --- starting ---

    def start_all(self, parts: Iterable[Part | Task]) -> None:
        """Start them side by side, each when what it needs is ready. ConfigError when one does not.

        A need that is not among them is taken as there: a part can be tried alone.
        """
        turns = list(parts)
        for turn in turns:
            self._ready[turn.name] = threading.Event()
            if isinstance(turn, Part):
                self._parts[turn.name] = turn
        threads = [
            threading.Thread(target=self._take_turn, args=(turn,), name=f"start {turn.name}", daemon=True)
            for turn in turns
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failed.is_set():
            raise ConfigError("not everything could be started")
        self.is_complete = True

    def _take_turn(self, turn: Part | Task) -> None:
        for name in turn.needs:
            need = self._ready.get(name)
            while need is not None and not need.wait(0.05):
                if self._failed.is_set() or self._stopping.is_set():
                    return
        if self._failed.is_set():
            return
        began = time.monotonic()
        try:
            if isinstance(turn, Part):
                self.start(turn.name)
            else:
                turn.call()
                self._is_ready(turn.name, time.monotonic() - began)
        except (ConfigError, OSError) as why:
            if not self._failed.is_set():
                self._failed.set()
                say(f"FAILED  {turn.name} ({turn.words}): {why}")

    def _is_ready(self, name: str, after_s: float) -> None:
        self.first_ready.setdefault(name, after_s)
        self._ready[name].set()

    def start(self, name: str) -> None:
        """Start one part and wait until it is ready. ConfigError, with its last words, when it is not."""
        part = self._parts.get(name)
        if part is None:
            raise ConfigError(f"no such part: {name}")
        with self._lock:
            self._held.discard(name)
            if name in self._running:
                return
            running = start(part)
            self._running[name] = self._by_pid[running.pid] = running
        if not part.ready(running, running.started_s + part.ready_within_s):
            words = "".join(f"\n          | {line}" for line in running.last_words())
            if running.ended.is_set():
                raise ConfigError(f"it {running.how_it_ended()} before it was ready.{words}")
            raise ConfigError(f"it was not ready within {part.ready_within_s:.0f} s.{words}")
        self._is_ready(name, time.monotonic() - running.started_s)

    def spawn_beside(self, part: Part, on_end: Callable[[Running], None]) -> None:
        """Start a process that is one of many (a card process); its end is told, not reported."""
        with self._lock:
            running = start(part)
            running.is_expected_to_end = True
            self._by_pid[running.pid] = running

        def wait() -> None:
            running.ended.wait()
            on_end(running)

        threading.Thread(target=wait, name=f"wait for {part.name}", daemon=True).start()

    def run_beside(self, part: Part) -> int:
        """Run a short thing to its end; its exit code."""
        done = threading.Event()
        codes: list[int] = []

        def end(running: Running) -> None:
            codes.append(running.process.returncode)
            done.set()

        self.spawn_beside(part, end)
        done.wait()
        return codes[0]

    # --- ending ---

    def names(self) -> dict[str, str]:
        """Every part and how it is."""
        with self._lock:
            return {
                name: "runs" if name in self._running else ("done" if part.is_step else "does not run")
                for name, part in self._parts.items()
            }

    def resident_mb(self) -> dict[str, float]:
        """Memory of each running part."""
        page = os.sysconf("SC_PAGE_SIZE")
        with self._lock:
            pids = {name: running.pid for name, running in self._running.items()}
        found = {}
        for name, pid in pids.items():
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                    found[name] = round(int(file.read().split()[1]) * page / 1e6, 1)
        return found

    def kill(self, *names: str, beside: str = "") -> None:
        """SIGKILL, all at once; nothing starts again by itself. `beside`: processes started beside."""
        with self._lock:
            self._held.update(names)
            self._signal(names, signal.SIGKILL, is_expected=True)
            self.kill_beside(beside)
        self._wait_gone(names)

    def crash(self, name: str) -> None:
        """SIGKILL, as an accident: a part that is kept up comes again by itself."""
        self._signal((name,), signal.SIGKILL, is_expected=False)

    def freeze(self, name: str) -> None:
        self._signal((name,), signal.SIGSTOP, is_expected=False)

    def thaw(self, name: str) -> None:
        self._signal((name,), signal.SIGCONT, is_expected=False)

    def kill_beside(self, name: str) -> None:
        """SIGKILL to every process that was started beside under this name."""
        with self._lock:
            for running in self._by_pid.values():
                if running.part.name == name:
                    os.kill(running.pid, signal.SIGKILL)

    def _signal(self, names: Iterable[str], number: signal.Signals, is_expected: bool) -> None:
        with self._lock:
            for name in names:
                if name not in self._parts:
                    raise ConfigError(f"no such part: {name}")
                running = self._running.get(name)
                if running is not None:
                    running.is_expected_to_end = is_expected
                    os.killpg(running.pid, number)  # what it started itself ends, or stops, with it

    def _wait_gone(self, names: Iterable[str]) -> None:
        for name in names:
            with self._lock:
                running = self._running.get(name)
            if running is not None and not running.ended.wait(GENTLE_S):
                raise ConfigError(f"{name} does not end")

    def stop(self) -> None:
        """End the run (from any thread)."""
        self._stopping.set()
        os.write(self._wake_in, b"x")

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def watch(self, lifeline: int | None = None) -> None:
        """Reap and report until the run is to end: the main thread's work from the beginning.

        `lifeline`: a pipe to whoever started the run; when its other end is gone, so is the run.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_in, warn_on_full_buffer=False)
        waiting = select.poll()
        waiting.register(self._wake_out, select.POLLIN)
        if lifeline is not None:
            waiting.register(lifeline, 0)  # POLLERR is always told
        while not self._stopping.is_set():
            if any(descriptor == lifeline for descriptor, _ in waiting.poll(1000)):
                self._stopping.set()
            self._drain()
            self._reap()
        self._end_all()

    def _drain(self) -> None:
        try:
            os.read(self._wake_out, 4096)
        except BlockingIOError:
            pass

    def _reap(self) -> None:
        # Only our own: an orphan stays a zombie until the run ends, and that is harmless.
        with self._lock:
            ended = [each for each in self._by_pid.values() if each.process.poll() is not None]
            for running in ended:
                del self._by_pid[running.pid]
                if self._running.get(running.part.name) is running:
                    del self._running[running.part.name]
        for running in ended:
            running.ended.set()
            self._note_end(running)

    def _note_end(self, running: Running) -> None:
        part = running.part
        if part.is_step or running.is_expected_to_end or self._stopping.is_set():
            return
        if not self._ready[part.name].is_set():
            return  # who waits for it to become ready says it
        if part.is_vital:
            say(f"{part.words[0].upper()}{part.words[1:]} was closed: that ends it all.")
            self.stop()
            return
        say(f"ENDED   {part.name} ({part.words}) {running.how_it_ended()}. Its last words:")
        for line in running.last_words():
            say(f"          | {line}")
        if part.is_kept_up:
            threading.Timer(RESTART_AFTER_S, self._start_again, (part.name,)).start()

    def _start_again(self, name: str) -> None:
        if self._stopping.is_set() or name in self._held:
            return
        try:
            self.start(name)
        except ConfigError as why:
            say(f"FAILED  {name}: {why}")
        else:
            say(f"AGAIN   {name} runs again")

    def _end_all(self) -> None:
        with self._lock:
            left = list(self._by_pid.values())
            for running in left:
                running.is_expected_to_end = True
                os.kill(running.pid, signal.SIGTERM)
                os.kill(running.pid, signal.SIGCONT)
        deadline = time.monotonic() + GENTLE_S
        while self._by_pid and time.monotonic() < deadline:
            select.select([self._wake_out], [], [], 0.2)
            self._drain()
            self._reap()
        if self._by_pid:
            names = ", ".join(sorted(each.part.name for each in self._by_pid.values()))
            print(f"killed, because they did not end by themselves: {names}", file=sys.stderr)
