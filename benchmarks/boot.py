"""From init to the first screen of an installed machine, in a container; and how long its installation takes.

    python -m benchmarks.boot [RUNS]      (the table in boot.md; needs root, systemd-nspawn, debootstrap and a network)

A Debian made by debootstrap, installed by provisioning/install, booted under its own systemd; screens draw into memory.
No firmware, boot loader, kernel or display is in the figure, and no device: the first screen is the one that says so.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from kiosk.messages import Message
from tests.provisioning.room import Booted, a_debian, make_bootable


def boot(root: Path) -> tuple[float, float]:
    """Seconds from init to the core's readiness, and to the first screen."""
    machine = Booted(root)
    try:
        shown = ("sh", "-c", f"journalctl -b MESSAGE_ID={Message.FIRST_SCREEN.id} -o cat --no-pager | wc -l")
        machine.until(r"[1-9]\d*", *shown)
        began = int(machine.run("systemctl", "show", "-P", "UserspaceTimestampMonotonic").stdout)

        def after(message: Message) -> float:
            words = ("journalctl", "-b", f"MESSAGE_ID={message.id}", "-o", "json", "--no-pager")
            first = json.loads(machine.run(*words).stdout.splitlines()[0])
            return (int(first["__MONOTONIC_TIMESTAMP"]) - began) / 1e6

        return after(Message.CORE_READY), after(Message.FIRST_SCREEN)
    finally:
        machine.stop()


def main(runs: int = 5) -> None:
    """Print the table."""
    with a_debian() as machine, tempfile.TemporaryDirectory() as server:
        began = time.perf_counter()
        done = machine.install()
        installed = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(done.stderr)
        began = time.perf_counter()
        machine.install()
        again = time.perf_counter() - began
        make_bootable(machine.root, Path(server))
        found = [boot(machine.root) for _ in range(runs)]
    print("# From init to the first screen\n")
    print(
        f"`python -m benchmarks.boot` on {platform.machine()}, {os.cpu_count()} cores, {runs} boots of a container, "
        f"load {os.getloadavg()[0]:.1f}\n"
    )
    print("| figure | measured |\n|---|---|")
    print(f"| init → core ready, median | {statistics.median(each[0] for each in found):.2f} s |")
    print(f"| init → first screen, median | {statistics.median(each[1] for each in found):.2f} s |")
    print(f"| the same, slowest | {max(each[1] for each in found):.2f} s |")
    print(f"| installation of a bare Debian, wheels at hand, packages by network | {installed:.0f} s |")
    print(f"| the same again, nothing to change | {again:.0f} s |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
