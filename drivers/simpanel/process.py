"""Processes of a run: each under its own uid, with a clean environment, a log, a real sign of being ready."""

from __future__ import annotations

import grp
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from drivers.simpanel import places

GLANCE_S = 0.01
"""Between two looks for a sign that nothing announces (a port that listens, a file)."""

Ready = Callable[["Running", float], bool]
"""`ready(process, deadline) -> is it`: False when the process has ended or the deadline has passed."""


@dataclass(frozen=True)
class Part:
    """One process of a run, or one step that has to end well (`is_step`) before others go on."""

    name: str
    words: str
    """What it is, for people."""
    argv: tuple[str, ...]
    user: str
    ready: Ready
    needs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    """Further groups, as SupplementaryGroups= of its unit."""
    umask: int = 0o077
    is_step: bool = False
    is_kept_up: bool = False
    """Started again when it ends, as its unit says (Restart=always)."""
    is_vital: bool = False
    """The run ends with it: a window that a person closed."""
    ready_within_s: float = 60.0
    listener: socket.socket | None = None
    """A listening or connected socket that becomes descriptor 3, as systemd hands it on."""


@dataclass(frozen=True)
class Task:
    """A step of the supervisor's own, in its turn between the processes."""

    name: str
    words: str
    call: Callable[[], None]
    needs: tuple[str, ...] = ()


@dataclass
class Running:
    """A process that was started."""

    part: Part
    process: subprocess.Popen[bytes]
    started_s: float
    is_expected_to_end: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def pid(self) -> int:
        return self.process.pid

    def log_path(self) -> Path:
        return places.LOGS / f"{self.part.name}.log"

    def last_words(self, count: int = 12) -> list[str]:
        """The end of its log, for a person who wants to know why."""
        try:
            return self.log_path().read_text(errors="replace").splitlines()[-count:]
        except OSError:
            return []

    def how_it_ended(self) -> str:
        code = self.process.returncode
        if code is None:
            return "is running"
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with code {code}"


def python(target: str, *args: str) -> tuple[str, ...]:
    """The command line of an entry point `module:function`, in this interpreter."""
    module, _, name = target.partition(":")
    return (
        sys.executable,
        "-P",
        "-c",
        f"import sys; from {module} import {name} as main; sys.exit(main())",
        *args,
    )


def start(part: Part) -> Running:
    """Start it. The session is its own: a Ctrl-C at the terminal is the supervisor's to hand on."""
    user = pwd.getpwnam(part.user)
    groups = [
        each.gr_gid for each in grp.getgrall() if part.user in each.gr_mem or each.gr_name in part.groups
    ]
    argv, stdin = list(part.argv), subprocess.DEVNULL
    environment = clean_environment(part.environment)
    if part.listener is not None:
        # sd_listen_fds(3): descriptor 3, and LISTEN_PID is the receiver's own, known only after the fork
        argv = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@" 3<&0 </dev/null', "sh", *argv]
        environment["LISTEN_FDS"] = "1"
        stdin = part.listener.fileno()
    with _open_log(part.name) as log:
        process = subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=groups,
            umask=part.umask,
            start_new_session=True,
        )
    return Running(part, process, time.monotonic())


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the caller's environment."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "Asia/Tokyo",
        "HOME": "/nonexistent",
        "PYTHONPATH": str(places.code_root()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def _open_log(name: str) -> IO[bytes]:
    return open(places.LOGS / f"{name}.log", "ab", buffering=0)


# --- signs of being ready ---


def look(sign: Callable[[], bool]) -> Ready:
    """Look for a sign until it is there, the process has ended, or time is up."""

    def ready(running: Running, deadline: float) -> bool:
        while time.monotonic() < deadline:
            if sign():
                return True
            if running.ended.wait(GLANCE_S):
                return False
        return False

    return ready


def ended_well(running: Running, deadline: float) -> bool:
    """A step: ready when it has ended with code 0."""
    return running.ended.wait(max(0.0, deadline - time.monotonic())) and running.process.returncode == 0


def answers_unix(path: Path) -> Ready:
    """A socket that takes a connection."""
    return look(lambda: _connects(socket.AF_UNIX, os.fspath(path)))


def answers_tcp(port: int) -> Ready:
    return look(lambda: _connects(socket.AF_INET, ("127.0.0.1", port)))


def _connects(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(address)
        except OSError:
            return False
        return True


class NotifySocket:
    """The other end of sd_notify(3): ready when the process itself says so."""

    def __init__(self, path: Path, group: str) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(os.fspath(path))
        os.chown(path, 0, grp.getgrnam(group).gr_gid)
        path.chmod(0o660)
        self._is_ready = threading.Event()
        threading.Thread(target=self._listen, name="notify", daemon=True).start()

    def _listen(self) -> None:
        while True:
            if b"READY=1" in self._socket.recv(4096).split(b"\n"):
                self._is_ready.set()

    def ready(self, running: Running, deadline: float) -> bool:
        """For a `Part`."""
        try:
            return look(self._is_ready.is_set)(running, deadline)
        finally:
            self._is_ready.clear()
