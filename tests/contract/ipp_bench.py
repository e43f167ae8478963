"""A real ippeveprinter in namespaces of its own, and a driver in the same network."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drivers.ipp.driver import IppDriver, create
from drivers.simpanel.bench import make_users
from drivers.transport import control
from kiosk.errors import DeviceUnavailable
from kiosk.ids import DeviceId, OpId
from kiosk.ports import PrintDocument, PrintEnded, PrinterRead, ReadPrinter
from tests.codec.pdfs import make_pdf
from tests.contract.told import PATIENCE_S, Told

REPOSITORY = Path(__file__).resolve().parents[2]
DEVICE = DeviceId("certificate1")
URI = "ipp://127.0.0.1:8631/ipp/print"
CLONE_NEWNET = 0x40000000

# Not `exec`: the simulator becomes another user, and the kernel then forgets --kill-child's signal.
_PREPARE = """
set -e
mount -t tmpfs -o mode=0755 tmpfs /run
install -d -o kiosk-sim -g kiosk-sim -m 0755 /run/sim
ip link set lo up
"$0" -P -c 'import sys; from drivers.ipp.sim import main; sys.exit(main(sys.argv[1:]))' \
    --dir /run/sim/paper --control /run/sim/control.sock --with-avahi --user kiosk-sim 2>/run/sim/log &
if [ "$1" = 2 ]; then
    while [ ! -S /run/sim/control.sock ]; do sleep 0.05; done
    "$0" -P -c 'import sys; from drivers.ipp.sim import main; sys.exit(main(sys.argv[1:]))' --port 8632 \
        --name Second --dir /run/sim/paper2 --control /run/sim/control2.sock --user kiosk-sim 2>/run/sim/log2 &
fi
wait
"""


class Bench:
    """One simulated printer, or two; `with Bench() as bench:`."""

    def __init__(self, printers: int = 1) -> None:
        self._printers = printers

    def __enter__(self) -> Bench:
        make_users()
        unshare = ["unshare", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc"]
        self._holder = subprocess.Popen(
            [*unshare, "bash", "-c", _PREPARE, sys.executable, str(self._printers)],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            cwd="/",
        )
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_up():
            assert self._holder.poll() is None, "the printer did not start"
            assert time.monotonic() < deadline, "the printer does not answer"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        inside = Path(f"/proc/{self._pid}")
        self._holder.kill()  # and with it process 1 of the inside, and with that all of it
        self._holder.wait()
        deadline = time.monotonic() + PATIENCE_S
        while inside.exists():
            assert time.monotonic() < deadline, "the simulator outlives its test"
            time.sleep(0.02)

    @property
    def _pid(self) -> int:
        pid = self._holder.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    @property
    def _root(self) -> Path:
        return Path(f"/proc/{self._pid}/root/run/sim")

    def _is_up(self) -> bool:
        try:
            return all(self.do("state", printer=number + 1)["ok"] for number in range(self._printers))
        except (DeviceUnavailable, OSError, IndexError):
            return False

    def do(self, verb: str, *args: str, printer: int = 1) -> dict[str, Any]:
        name = "control.sock" if printer == 1 else f"control{printer}.sock"
        return control.request(self._root / name, verb, *args, timeout_s=PATIENCE_S)

    def ipptool(self, test: str) -> str:
        """A stranger's client, asked to show all that it got."""
        command = ["nsenter", "-t", str(self._pid), "-n", "ipptool", "-tv", URI, test]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        return done.stdout

    @contextlib.contextmanager
    def network(self) -> Iterator[None]:
        """This thread, and the threads that it starts meanwhile, are in the printer's network."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as ours, open(f"/proc/{self._pid}/ns/net") as theirs:
            assert libc.setns(theirs.fileno(), CLONE_NEWNET) == 0
            try:
                yield
            finally:
                assert libc.setns(ours.fileno(), CLONE_NEWNET) == 0

    @property
    def printed(self) -> list[tuple[int, int]]:
        """Every job that came to the paper path: (pages that came out, pages asked)."""
        return [(each["out"], each["pages"]) for each in self._jobs()]

    @property
    def printed_by_second(self) -> list[tuple[int, int]]:
        """The same of the other printer."""
        return [(each["out"], each["pages"]) for each in self._jobs("paper2")]

    @property
    def sheets(self) -> list[int]:
        """How many sheets of each job came out."""
        return [each["sheets"] for each in self._jobs()]

    def _jobs(self, folder: str = "paper") -> list[dict[str, int]]:
        found = sorted((self._root / folder).glob("*.json"))
        return [json.loads(each.read_text()) for each in found]

    def last_paper(self) -> bytes:
        path = Path(self.do("last")["path"])
        return (self._root / "paper" / path.name).read_bytes()


class Driven:
    """A driver on that printer."""

    def __init__(self, bench: Bench, **options: Any) -> None:
        self.told = Told()
        self.driver: IppDriver = create(DEVICE, {"uri": URI, "poll_s": 0.2, **options}, self.told)
        with bench.network():
            self.driver.start()

    def __enter__(self) -> Driven:
        self.told.until(PrinterRead)
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.stop()

    def send(
        self, op: str, pages: int = 1, pdf: bytes | None = None, sha256: str = "", sides: str = "one-sided"
    ) -> bytes:
        document = pdf or make_pdf(pages)
        sha256 = sha256 or hashlib.sha256(document).hexdigest()
        self.driver.perform(PrintDocument(OpId(op), DEVICE, document, sha256, pages, sides))
        return document

    def end(self, op: str) -> PrintEnded:
        return self.told.until(PrintEnded, lambda ended: ended.op == op)

    def read(self) -> PrinterRead:
        self.driver.perform(ReadPrinter(device=DEVICE))
        return self.told.until(PrinterRead)
