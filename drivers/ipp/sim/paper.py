"""The paper path of the simulated printer: faults, time per page, and the sheets that really came out.

ippeveprinter runs a command per job and takes `ATTR:` and `STATE:` lines from its stderr. Our command is a
relay of a few lines that hands its job to this class over a Unix socket and copies what this class says. So
the whole behaviour lives here, in one process, and changes while a page is on its way.

What lies in `directory` is the physical truth: `0001.pdf` holds the sheets that came out (the very bytes when
all did), `0001.json` how many pages of how many, and how many sheets those are: where both sides are printed, a
second page lies on the back of the first.
"""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from drivers.ipp.pdf_pages import count_pages
from kiosk.clock import SystemClock
from kiosk.errors import PeerProtocolError

log = logging.getLogger(__name__)

RELAY = """#!/usr/bin/python3 -IS
import os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({socket!r})
sides = os.environ.get("IPP_SIDES", "one-sided")
line.sendall((os.environ["IPP_JOB_ID"] + " " + sides + " " + sys.argv[1] + "\\n").encode())
for said in line.makefile("rb"):
    if said.startswith(b"EXIT "):
        sys.exit(int(said[5:]))
    os.write(2, said)
sys.exit(1)
"""

_CANCEL_POLL_S = 0.1


class PaperPath:
    """Serves one job after the other; every public method may be called from any thread."""

    def __init__(self, directory: Path, is_cancelled: Callable[[int], bool]) -> None:
        self._directory = directory
        self._is_cancelled = is_cancelled
        self._clock = SystemClock()
        self._changed = threading.Condition()
        self._faults: list[str] = []
        self._page_s = 0.0
        self._abort_after: int | None = None
        self._miscounts_next = False
        self._line: socket.socket | None = None
        self._count = max((int(each.stem) for each in directory.glob("[0-9]*.json")), default=0)
        self._token = b""
        self.tray: int | None = None
        """Sheets that lie in it, where somebody counted them: each sheet that comes out is one less."""

    # --- what a hand does to the printer --------------------------------------------------------------------

    @property
    def faults(self) -> tuple[str, ...]:
        with self._changed:
            return tuple(self._faults)

    @property
    def is_busy(self) -> bool:
        with self._changed:
            return self._line is not None

    @property
    def page_s(self) -> float:
        return self._page_s

    @property
    def printed(self) -> int:
        """Jobs that came as far as the paper path."""
        return self._count

    def set_faults(self, faults: tuple[str, ...]) -> None:
        """From now on these reasons stand. A job on its way is told at once."""
        with self._changed:
            self._faults = list(faults)
            self._say_state()
            self._changed.notify_all()

    def set_page_time(self, seconds: float) -> None:
        self._page_s = seconds

    def abort_next(self, after_pages: int) -> None:
        self._abort_after = after_pages

    def miscount_next(self) -> None:
        """The next job prints every page and counts one less."""
        self._miscounts_next = True

    def expect_control(self, token: bytes) -> None:
        """A job of exactly these bytes is no document: it only carries the present faults into
        ippeveprinter."""
        self._token = token

    def last(self) -> Path | None:
        """The newest document of which a sheet came out."""
        return max(self._directory.glob("[0-9]*.pdf"), default=None)

    def cut(self) -> None:
        """The printer lost its power: the job on its way ends here."""
        with self._changed:
            if self._line is not None:
                self._line.shutdown(socket.SHUT_RDWR)
            self._changed.notify_all()

    # --- a job ----------------------------------------------------------------------------------------------

    def serve(self, line: socket.socket) -> None:
        """One relay's connection, to its end."""
        with line, line.makefile("rb") as reader:
            job, sides, path = reader.readline().decode().strip().split(" ", 2)
            try:
                document = Path(path).read_bytes()
                with self._changed:
                    self._line = line
                    self._say_state()
                status = 0 if document == self._token else self._print(int(job), document, sides)
                self._say(f"EXIT {status}")
            except (OSError, ValueError) as why:
                log.info("job %s broke off: %s", job, why)
            finally:
                with self._changed:
                    self._line = None

    def _print(self, job: int, document: bytes, sides: str) -> int:
        """The command's exit status: 0 = completed (or cancelled, which ippeveprinter knows itself)."""
        try:
            pages = count_pages(document)
        except PeerProtocolError:
            self._say("ERROR: not a document")
            return 1
        abort_after, self._abort_after = self._abort_after, None
        miscount, self._miscounts_next = int(self._miscounts_next), False
        self._count += 1
        self._say(f"ATTR: job-impressions={pages} job-impressions-completed=0")
        for page in range(pages):
            self._keep(document, pages, page, sides)
            if abort_after is not None and page >= abort_after:
                return 1
            if not self._page_came_out(job):
                return 0
            self._keep(document, pages, page + 1, sides)
            if self.tray is not None and (page % 2 == 0 or sides == "one-sided"):
                self.tray = max(0, self.tray - 1)
            self._say(f"ATTR: job-impressions-completed={max(0, page + 1 - miscount)}")
        return 0

    def _page_came_out(self, job: int) -> bool:
        """Wait for the page's time without a fault. A fault on the way spoils the sheet: its time begins
        anew. False: the job was cancelled first."""
        left_s = self._page_s
        while left_s > 0 or self.faults:
            before_s = self._clock.monotonic_s()
            with self._changed:
                if self._line is None or self._line.fileno() < 0:
                    return False
                self._changed.wait(min(_CANCEL_POLL_S, left_s) if not self._faults else _CANCEL_POLL_S)
                left_s = self._page_s if self._faults else left_s - (self._clock.monotonic_s() - before_s)
            if self._is_cancelled(job):
                return False
        return True

    def _keep(self, document: bytes, pages: int, out: int, sides: str) -> None:
        base = self._directory / f"{self._count:04}"
        sheets = out if sides == "one-sided" else -(-out // 2)
        base.with_suffix(".json").write_text(json.dumps({"pages": pages, "out": out, "sheets": sheets}))
        if out == pages:
            base.with_suffix(".pdf").write_bytes(document)
        elif out:
            command = ["/usr/bin/qpdf", "-", "--pages", ".", f"1-{out}", "--", str(base.with_suffix(".pdf"))]
            whole = base.with_suffix(".whole")
            whole.write_bytes(document)
            command[1] = str(whole)
            subprocess.run(command, check=True)  # noqa: S603  # our own words
            whole.unlink()

    def _say(self, text: str) -> None:
        if self._line is not None:
            self._line.sendall(text.encode() + b"\n")

    def _say_state(self) -> None:
        self._say(f"STATE: {','.join(self._faults) or 'none'}")
