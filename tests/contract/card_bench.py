"""Real pcscd and vpcd, the virtual card, the card process and its neighbours, each under its own uid.

All of one test in one private set of namespaces that dies with it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from drivers.card_service.messages import CardCommand, CardEvent
from drivers.simpanel.bench import make_users
from drivers.transport import control
from kiosk.errors import DeviceUnavailable
from kiosk.plain import Codec, encode
from kiosk.ports import Event
from tests.contract import cards, pin_stand_in

REPOSITORY = Path(__file__).resolve().parents[2]
CARD_SOCKET = "/run/kiosk/card/card.sock"
PIN_SOCKET = "/run/kiosk/pin/pin.sock"
CONTROL = "run/sim/control.sock"
PATIENCE_S = 30.0
"""Before a test gives up; nothing is measured by it."""

T = TypeVar("T", bound=Event)

_EVENTS: Codec[CardEvent] = Codec(CardEvent)

_PREPARE = """
set -e
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/code /run/pcscd /run/kiosk /run/logs
mount --bind "$0" /run/code
install -d -o kiosk-card -g kiosk-core -m 0750 /run/kiosk/card
install -d -o kiosk-card -g kiosk-ui -m 2750 /run/kiosk/pin
install -d -o kiosk-sim -g kiosk-sim -m 0755 /run/sim
cp -r "$1" /run/sim/box
chown -R kiosk-sim:kiosk-sim /run/sim/box
chmod 0755 /run/sim/box
ip link set lo up
echo ready
exec cat
"""


class Bench:
    """`with Bench() as bench:`; logs of everything lie in `bench.root / "run/logs"`."""

    def __init__(self) -> None:
        self._holder: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._started: list[subprocess.Popen[bytes]] = []
        self._keypads: dict[str, subprocess.Popen[bytes]] = {}
        self.pcscd: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Bench:
        make_users()
        unshare = ["unshare", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc"]
        self._holder = subprocess.Popen(
            [*unshare, "bash", "-c", _PREPARE, str(REPOSITORY), str(cards.box())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self._pid = child_of(self._holder.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in reversed(self._started):
            for pipe in (each.stdin, each.stdout):
                if pipe is not None:
                    pipe.close()
            each.kill()
            each.wait(PATIENCE_S)
        assert self._holder is not None
        self._holder.kill()  # and with it, all that is inside
        self._holder.communicate(timeout=PATIENCE_S)

    @property
    def root(self) -> Path:
        """The inside's file system, as root sees it from here."""
        return Path(f"/proc/{self._pid}/root")

    # --- processes --------------------------------------------------------------------------------------------

    def command(self, user: str, argv: Sequence[str], environment: Mapping[str, str] = {}) -> list[str]:
        """The command line of something inside, as that user."""
        inside = ["nsenter", "-t", str(self._pid), "-n", "-m", "-p", "--"]
        person = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"]
        plain = {"PATH": os.environ["PATH"], "PYTHONPATH": "/run/code", "PYTHONDONTWRITEBYTECODE": "1"}
        clean = ["env", "-i", "-C", "/", *(f"{key}={each}" for key, each in {**plain, **environment}.items())]
        return [*inside, *person, *clean, *argv]

    def start(self, name: str, user: str, argv: Sequence[str], **pipes: Any) -> subprocess.Popen[bytes]:
        """A process inside; its words go to its log."""
        log = (self.root / "run/logs" / f"{name}.log").open("ab")
        with log:
            started = subprocess.Popen(
                self.command(user, argv),
                **{"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL, **pipes},
            )
        self._started.append(started)
        return started

    def run(self, user: str, argv: Sequence[str], said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """A program inside, to its end."""
        command = self.command(user, argv)
        return subprocess.run(command, input=said, capture_output=True, check=False, timeout=PATIENCE_S)

    def start_pcscd(self) -> None:
        self.pcscd = self.start("pcscd", "root", ["pcscd", "--foreground"])
        path = self.root / "run/pcscd/pcscd.comm"
        wait_for(path.is_socket)
        self.run("root", ["chgrp", "kiosk-card", "/run/pcscd/pcscd.comm"])
        self.run("root", ["chmod", "0660", "/run/pcscd/pcscd.comm"])

    def start_sim(self, *options: str, socket: str = CONTROL) -> None:
        argv = [
            "-m",
            "drivers.jpki.sim.main",
            "run",
            "--state",
            "/run/sim/box",
            "--control",
            f"/{socket}",
        ]
        self.start("sim", "kiosk-sim", [sys.executable, *argv, *options])
        wait_for(lambda: self._sim_answers(socket))

    def _sim_answers(self, socket: str) -> bool:
        try:
            return bool(control.request(self.root / socket, "status")["ok"])
        except DeviceUnavailable:
            return False

    def sim(self, verb: str, *args: str, socket: str = CONTROL) -> dict[str, Any]:
        answer = control.request(self.root / socket, verb, *args)
        assert answer["ok"], answer
        return answer

    def start_card_listener(self, *options: str) -> None:
        """systemd's own stand-in for a socket unit with Accept=yes."""
        process = [sys.executable, "-m", "drivers.card_service.main", *options]
        activate = ["systemd-socket-activate", "--accept", f"--listen={CARD_SOCKET}", "-E", "PYTHONPATH"]
        self.start("card", "kiosk-card", [*activate, *process])
        wait_for((self.root / CARD_SOCKET.lstrip("/")).is_socket)
        self.run("root", ["chgrp", "kiosk-core", CARD_SOCKET])
        self.run("root", ["chmod", "0660", CARD_SOCKET])

    def core(self, *options: str) -> Core:
        argv = [sys.executable, "-m", "tests.contract.core_stand_in", CARD_SOCKET, *options]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return Core(self.start("core", "kiosk-core", argv, **pipes))

    def send_pin(self, slot: str, digits: bytes, user: str = "kiosk-ui", socket: str = PIN_SOCKET) -> str:
        """What a keypad of that user is answered."""
        return self.send_packet(pin_stand_in.packet(slot, digits), user, socket)

    def send_packet(self, data: bytes, user: str = "kiosk-ui", socket: str = PIN_SOCKET) -> str:
        """The same of bytes that no keypad sends. Each user has one keypad, which stays."""
        if user not in self._keypads:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            argv = [sys.executable, "-m", "tests.contract.pin_stand_in"]
            self._keypads[user] = self.start(f"keypad-{user}", user, argv, **pipes)
        keypad = self._keypads[user]
        assert keypad.stdin is not None and keypad.stdout is not None
        keypad.stdin.write(f"{socket} {data.hex()}\n".encode())
        keypad.stdin.flush()
        return keypad.stdout.readline().decode().strip()

    def outside_pid(self, name: str) -> int:
        """A process inside by its name, as it is called outside."""
        for each in self._inside():
            if (each / "comm").read_text().strip() == name:
                return int(each.name)
        raise AssertionError(f"no process of this name: {name}")

    def _inside(self) -> Iterator[Path]:
        ours = os.readlink(f"/proc/{self._pid}/ns/pid")
        for each in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended
                if os.readlink(each / "ns/pid") == ours:
                    yield each

    def card_processes(self) -> list[int]:
        """Processes that serve a card now (not their listener), by pid of the outside."""
        found = []
        for each in self._inside():
            words = (each / "cmdline").read_bytes().split(b"\0")
            if b"drivers.card_service.main" in words and words[0] == sys.executable.encode():
                found.append(int(each.name))
        return found


class Core:
    """The stand-in's events and commands."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[bytes] = []
        """Every byte that came over the card's socket to the core, as the client passed it on."""
        self._events: queue.Queue[CardEvent] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._events.put(_EVENTS.decode(line.strip()))

    def next(self) -> CardEvent:
        return self._events.get(timeout=PATIENCE_S)

    def until_silence(self, for_s: float = 1.0) -> list[CardEvent]:
        """Whatever comes until nothing comes for so long: nothing is measured by it."""
        found = []
        while True:
            try:
                found.append(self._events.get(timeout=for_s))
            except queue.Empty:
                return found

    def expect(self, kind: type[T]) -> T:
        """The next event, which must be of this kind."""
        event = self.next()
        assert isinstance(event, kind), event
        return event

    def send(self, command: CardCommand) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(encode(command) + b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """The core dies: not nsenter, which waits for it outside, but the process inside."""
        os.kill(child_of(self.process.pid), signal.SIGKILL)
        self.process.wait(PATIENCE_S)


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def wait_for(is_so: Any) -> None:
    """Until it is so; the test fails when it never is."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
