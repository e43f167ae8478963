"""Processes whose imports are done: a fork for each life instead of an interpreter's start.

Each is a real process: a session, an environment and a log of its own, its end seen by its parent. The nursery itself
starts no thread and opens no file of theirs, so a child begins with nothing but modules.

    python -m tests.crash.nursery FD      (the other end of a Nursery)
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
READY_S = 60.0


@dataclass
class Life:
    """A process that was born here."""

    nursery: Nursery
    pid: int
    status: int | None = None
    """As `os.waitstatus_to_exitcode` says it; None: it lives."""

    def has_ended(self, within_s: float = 0.0) -> bool:
        deadline = time.monotonic() + within_s
        self.nursery.hear()
        while self.status is None and (left := deadline - time.monotonic()) > 0:
            self.nursery.hear(left)
        return self.status is not None

    def kill(self, number: signal.Signals = signal.SIGKILL, within_s: float = 30.0) -> None:
        """AssertionError when it does not end in time."""
        if not self.has_ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
        assert self.has_ended(within_s), f"{number.name} does not end it"


class Nursery:
    """`born("module:function", argv, …)` is a new process. All end with it."""

    def __init__(self, targets: Sequence[str], preload: Path) -> None:
        """`targets` are imported now; `preload` is in every child."""
        ours, theirs = socket.socketpair()
        self._socket, self._buffer = ours, b""
        self._lives: dict[int, Life] = {}
        self._born: list[Life] = []
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.nursery", str(theirs.fileno()), *targets],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, "LD_PRELOAD": str(preload), "PYTHONPATH": str(ROOT)},
            )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        """What still lives is killed."""
        self._socket.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)

    def born(self, target: str, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> Life:
        order = {"target": target, "argv": list(argv), "env": dict(environment), "log": str(log)}
        self._socket.sendall(json.dumps(order).encode() + b"\n")
        deadline = time.monotonic() + READY_S
        while not self._born:
            assert time.monotonic() < deadline, "nobody was born"
            self.hear(1.0)
        return self._born.pop()  # it may have ended by now

    def hear(self, within_s: float = 0.0) -> None:
        """Take in what the nursery tells."""
        if not select.select([self._socket], [], [], within_s)[0]:
            return
        data = self._socket.recv(65536)
        assert data, "the nursery is gone"
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            told = json.loads(line)
            if "status" in told:
                self._lives.pop(told["pid"]).status = told["status"]
            else:
                self._lives[told["pid"]] = Life(self, told["pid"])
                self._born.append(self._lives[told["pid"]])


# --- the nursery's own process ----------------------------------------------------------------------------------------


class _Matron:
    """Forks on order, tells who was born and who has ended."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._children: dict[int, int] = {}
        """By the descriptor that becomes readable at the end of each."""

    def run(self) -> dict[str, Any] | None:
        """In a child: what it is to do. In the nursery itself: None, when nobody wants it any more."""
        buffer, orders = b"", self._orders.fileno()
        while True:
            ready = select.select([orders, *self._children], [], [])[0]
            for descriptor in [each for each in ready if each in self._children]:
                self._bury(descriptor)
            if orders not in ready:
                continue
            data = self._orders.recv(65536)
            if not data:
                for pid in self._children.values():
                    os.kill(pid, signal.SIGKILL)
                return None
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                if not self._bear():
                    return dict(json.loads(line))

    def _bear(self) -> bool:
        """False in the child."""
        pid = os.fork()
        if pid == 0:
            for descriptor in self._children:
                os.close(descriptor)
            self._orders.close()
            return False
        self._children[os.pidfd_open(pid)] = pid
        self._tell(pid=pid)
        return True

    def _bury(self, descriptor: int) -> None:
        pid = self._children.pop(descriptor)
        os.close(descriptor)
        self._tell(pid=pid, status=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    def _tell(self, **words: int) -> None:
        with contextlib.suppress(OSError):  # nobody is there any more: the next look ends us
            self._orders.sendall(json.dumps(words).encode() + b"\n")


def _live(order: dict[str, Any]) -> int:
    os.setsid()
    os.environ.update(order["env"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    module, _, name = order["target"].partition(":")
    code = getattr(importlib.import_module(module), name)(order["argv"])
    return int(code or 0)


def main(words: Sequence[str]) -> int:
    for target in words[1:]:
        importlib.import_module(target.partition(":")[0])
    order = _Matron(socket.socket(fileno=int(words[0]))).run()
    return 0 if order is None else _live(order)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
