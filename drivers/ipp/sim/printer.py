"""Starts ippeveprinter and serves the control socket. README.md lists the verbs."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import logging
import os
import pwd
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drivers.ipp.client import IppClient
from drivers.ipp.codec import GroupTag
from drivers.ipp.device import FIDELITY, Paper
from drivers.ipp.sim.attributes import ATTRIBUTES, MEDIA, TRAY_MAX
from drivers.ipp.sim.paper import RELAY, PaperPath
from drivers.transport.control import ControlServer
from kiosk.errors import DeviceTimeout, DeviceUnavailable, MadoguchiError

log = logging.getLogger(__name__)

MEDIA_EMPTY = "media-empty"
_READY_S = 10.0
_POLL_S = 0.02
_JOB_ENDED_FIRST = 7


class Printer:
    """ippeveprinter as a process that may die and come back, with one paper path that stays."""

    def __init__(self, port: int, directory: Path, name: str, private: Path) -> None:
        self._port = port
        self._name = name
        self._private = private
        self._process: subprocess.Popen[bytes] | None = None
        self._client = IppClient(f"ipp://127.0.0.1:{port}/ipp/print")
        self._asker = IppClient(f"ipp://127.0.0.1:{port}/ipp/print")
        self.paper = PaperPath(directory, self._is_cancelled)
        self._jobs = socket.socket(socket.AF_UNIX)
        self._prepare()

    def _prepare(self) -> None:
        (self._private / "a4.conf").write_text(ATTRIBUTES)
        (self._private / "spool").mkdir()
        jobs = self._private / "jobs.sock"
        self._jobs.bind(str(jobs))
        self._jobs.listen(4)
        relay = self._private / "relay"
        relay.write_text(RELAY.format(socket=str(jobs)))
        relay.chmod(0o755)
        threading.Thread(target=self._serve_jobs, name="jobs", daemon=True).start()

    def _serve_jobs(self) -> None:
        while True:
            try:
                line, _ = self._jobs.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_job, args=(line,), daemon=True).start()

    def _serve_job(self, line: socket.socket) -> None:
        self.paper.serve(line)
        with contextlib.suppress(OSError, http.client.HTTPException):  # it lost its power
            self.show_tray()

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Ends when the printer answers, with the faults that stand."""
        if self.is_alive():
            return
        command = ["/usr/sbin/ippeveprinter", "-p", str(self._port), "-d", str(self._private / "spool")]
        command += ["-a", str(self._private / "a4.conf")]  # with -a it refuses -f
        command += ["-c", str(self._private / "relay"), "-r", "off", self._name]
        with (self._private / "log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # our own words
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self._private
            )
        deadline = time.monotonic() + _READY_S
        while not self._answers():
            if not self.is_alive() or time.monotonic() > deadline:
                raise DeviceTimeout(f"ippeveprinter does not start; see {self._private / 'log'}")
            time.sleep(_POLL_S)
        if self.paper.faults or self.paper.tray is not None:
            self.show_faults(self.paper.faults)

    def fill(self, sheets: int) -> None:
        """So many sheets lie in the tray, and the printer counts them."""
        self.paper.tray = sheets
        self.show_faults(tuple(each for each in self.paper.faults if each != MEDIA_EMPTY))

    def show_tray(self) -> None:
        """What ippeveprinter says of its tray follows the paper path: it knows no sheets itself."""
        if self.is_alive() and self.paper.tray is not None and MEDIA_EMPTY not in self.paper.faults:
            self._load_tray(self.paper.tray)

    def _answers(self) -> bool:
        try:
            return self._client.printer(("printer-state",)).is_ok
        except MadoguchiError:
            return False

    def kill(self) -> None:
        """As if the plug was pulled."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.paper.cut()
        self._client.close()
        self._asker.close()

    def close(self) -> None:
        self.kill()
        self._jobs.close()

    def show_faults(self, faults: tuple[str, ...]) -> None:
        """Make the printer say these reasons, whether a job runs or not.

        ippeveprinter takes reasons only from a running command; and with an empty tray it starts none, until
        its web form says that there is paper. Hence this order.
        """
        self.paper.set_faults(faults)
        if not self.is_alive() or self.paper.is_busy:
            return
        self._load_tray(TRAY_MAX)
        self._run_control_job()
        if MEDIA_EMPTY in faults:
            self._load_tray(0)
        else:
            self.show_tray()

    def _load_tray(self, sheets: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        with contextlib.closing(line):
            line.request("GET", f"/media?size0={MEDIA}&type0=stationery&level0={sheets}")
            line.getresponse().read()

    def _run_control_job(self) -> None:
        token = b"%control " + secrets.token_bytes(16)
        self.paper.expect_control(token)
        faults = self.paper.faults
        if MEDIA_EMPTY in faults:  # the command could set it, but then only the form takes it away
            self.paper.set_faults(tuple(each for each in faults if each != MEDIA_EMPTY))
        try:
            number = self._client.create_job("control", FIDELITY, Paper().template())
        except DeviceUnavailable:  # an idle connection was closed in between; an empty job is none
            number = self._client.create_job("control", FIDELITY, Paper().template())
        job = number.first(GroupTag.JOB).integer("job-id")
        if not number.is_ok or job is None:
            raise DeviceTimeout("the simulated printer is busy")
        self._client.send_document(job, token)
        deadline = time.monotonic() + _READY_S
        while self._job_state(job) < _JOB_ENDED_FIRST:
            if time.monotonic() > deadline:
                raise DeviceTimeout("the simulated printer does not take its state")
            time.sleep(_POLL_S)
        self.paper.set_faults(faults)

    def _job_state(self, job: int) -> int:
        answer = self._client.job(job, ("job-state",))
        return answer.first(GroupTag.JOB).integer("job-state") or 0

    def _is_cancelled(self, job: int) -> bool:
        try:
            answer = self._asker.job(job, ("job-state", "job-state-reasons"))
        except MadoguchiError:
            return not self.is_alive()
        return "processing-to-stop-point" in answer.first(GroupTag.JOB).strings("job-state-reasons")


def verbs(printer: Printer) -> dict[str, Any]:
    """What `kiosk-sim do` may ask of this printer."""
    paper = printer.paper

    def state() -> Mapping[str, Any]:
        return {
            "alive": printer.is_alive(),
            "faults": list(paper.faults),
            "busy": paper.is_busy,
            "page_seconds": paper.page_s,
            "documents": paper.printed,
        }

    def add(fault: str) -> Mapping[str, Any]:
        printer.show_faults(tuple(dict.fromkeys((*paper.faults, fault))))
        return state()

    def clear(*faults: str) -> Mapping[str, Any]:
        printer.show_faults(tuple(each for each in paper.faults if faults and each not in faults))
        return state()

    def slow(seconds: str) -> Mapping[str, Any]:
        paper.set_page_time(float(seconds))
        return state()

    def restart() -> Mapping[str, Any]:
        printer.kill()
        printer.start()
        return state()

    def die() -> Mapping[str, Any]:
        printer.kill()
        return state()

    def tray(sheets: str) -> Mapping[str, Any]:
        printer.fill(int(sheets))
        return state()

    def last() -> Mapping[str, Any]:
        found = paper.last()
        return {"path": str(found) if found else ""}

    return {
        "state": state,
        "jam": lambda: add("media-jam"),
        "out-of-paper": lambda: add(MEDIA_EMPTY),
        "cover-open": lambda: add("cover-open"),
        "no-toner": lambda: add("toner-empty"),
        "clear": clear,
        "slow": slow,
        "abort-next": lambda pages="0": paper.abort_next(int(pages)),
        "miscount-next": paper.miscount_next,
        "tray": tray,
        "die": die,
        "restart": restart,
        "last": last,
    }


def start_avahi() -> list[subprocess.Popen[bytes]]:
    """ippeveprinter does not start without DNS-SD. Needs root and a /run of one's own; ends with us."""
    for folder in ("/run/dbus", "/run/avahi-daemon"):
        Path(folder).mkdir(exist_ok=True)
    started = []
    for command, sign in (
        # A stale /run/dbus/pid would stop it; there is none to write either.
        (["/usr/bin/dbus-daemon", "--system", "--nofork", "--nopidfile"], "/run/dbus/system_bus_socket"),
        (
            ["/usr/sbin/avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits"],
            "/run/avahi-daemon/socket",
        ),
    ):
        process = subprocess.Popen(  # noqa: S603  # our own words
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        started.append(process)
        deadline = time.monotonic() + _READY_S
        while not Path(sign).exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise DeviceTimeout(f"{command[0]} does not start")
            time.sleep(_POLL_S)
    return started


def become(user: str, *owned: Path) -> None:
    """Give the folders to that user and go on as it."""
    entry = pwd.getpwnam(user)
    for each in owned:
        os.chown(each, entry.pw_uid, entry.pw_gid)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="kiosk-sim ipp", description="A certificate printer without paper.")
    parser.add_argument("--port", type=int, default=8631)
    parser.add_argument("--dir", type=Path, required=True, help="what came out of the printer")
    parser.add_argument("--control", type=Path, required=True, help="Unix socket for kiosk-sim do")
    parser.add_argument("--name", default="Madoguchi Simulated A4 Printer")
    parser.add_argument("--page-seconds", type=float, default=0.0)
    parser.add_argument(
        "--with-avahi", action="store_true", help="start D-Bus and Avahi first (root, own /run)"
    )
    parser.add_argument("--user", help="go on as this user, after Avahi is up")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="ipp: %(message)s")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    options.dir.mkdir(parents=True, exist_ok=True)
    daemons = start_avahi() if options.with_avahi else []
    if options.user:
        become(options.user, options.dir)
    try:
        with tempfile.TemporaryDirectory(prefix="kiosk-sim-ipp-") as private:
            printer = Printer(options.port, options.dir, options.name, Path(private))
            printer.paper.set_page_time(options.page_seconds)
            try:
                printer.start()
                with ControlServer(options.control, verbs(printer)):  # its being there says: ready
                    ended.wait()
            finally:
                printer.close()
    finally:
        for daemon in reversed(daemons):
            with contextlib.suppress(PermissionError):  # they are root's; our namespace ends them
                daemon.terminate()
    return 0
