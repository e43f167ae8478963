"""Several worker processes behind one listening socket. They share nothing but the database, and one that dies is
replaced; what it was doing is a request without an answer, which every kiosk can bear."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

log = logging.getLogger("issuance")

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
_BACKLOG = 256
_LEAST_LIFE_S = 5.0
"""One that lived shorter did not get far: so many of them in a row, and the server ends, for its supervisor to see."""
_SHORT_LIVES = 5


def listen(host: str, port: int) -> socket.socket:
    """The socket that all workers accept from."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listener.set_inheritable(True)
    return listener


def run_workers(command: Sequence[str], count: int, listener: socket.socket) -> int:
    """Keep `count` processes of `command --fd N` alive until SIGTERM or SIGINT; 1 when they do not stay alive. (When
    this process itself is killed, systemd ends the rest of the unit.)"""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    workers = [_start(command, listener) for _ in range(count)]
    short_lives = 0
    while (got := signal.sigwait(SIGNALS)) == signal.SIGCHLD:
        for at, (worker, began_s) in enumerate(workers):
            if worker.poll() is None:
                continue
            short_lives = short_lives + 1 if time.monotonic() - began_s < _LEAST_LIFE_S else 0
            log.error("a worker ended (%s); another takes its place", worker.returncode)
            if short_lives >= _SHORT_LIVES:
                return _end([each for each, _ in workers], signal.SIGTERM) or 1
            workers[at] = _start(command, listener)
    return _end([worker for worker, _ in workers], got)


def unblock() -> None:
    """In a worker: take signals again, which its parent waits for."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _start(command: Sequence[str], listener: socket.socket) -> tuple[subprocess.Popen[bytes], float]:
    fd = listener.fileno()
    worker = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "issuance.main", *command, "--fd", str(fd)], pass_fds=(fd,)
    )
    return worker, time.monotonic()


def _end(workers: Sequence[subprocess.Popen[bytes]], by: int) -> int:
    for worker in workers:
        if worker.poll() is None:
            worker.send_signal(by)
    for worker in workers:
        worker.wait()
    return 0
