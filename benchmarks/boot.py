"""From init to the first screen and to the attract screen of an installed machine, in a container; and how long its
installation takes.

    python -m benchmarks.boot [RUNS] [--in DIR]      (root, systemd-nspawn, debootstrap and a network)

A Debian made by debootstrap, installed by provisioning/install from a demo's medium, booted under its own systemd;
screens draw into memory. What a resident needs stands beside it in the same container and starts with it, on the same
cores: the simulators (kiosk-sim.service), a virtual reader, the demo's issuance server. No firmware, boot loader,
kernel or display is in the figure (`make image-test` has the last two). `--in DIR`: the machine is made there once and
used again, so that a second run only boots.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from kiosk.messages import Message
from tests.provisioning.room import ROOT, Booted, Machine, make_bootable, make_debian

BESIDE = ("avahi-daemon", "cups-ipp-utils", "vsmartcard-vpcd")
"""Debian's, for the simulators: ippeveprinter and what it does not start without, the virtual reader."""
SERVER = """[Unit]
Description=The demo's issuance server
[Service]
ExecStart=/opt/madoguchi/venv/bin/issuance-server run --dir /var/lib/issuance
User=kiosk-issuance
"""
VIRTUAL = """[Service]
ExecStart=
ExecStart=/opt/madoguchi/venv/bin/kiosk-card --allow-virtual
"""
MARKS = (Message.CORE_READY, Message.FIRST_SCREEN, Message.READY_FOR_RESIDENTS)


def boot(root: Path) -> dict[Message, float]:
    """Seconds from init to each mark."""
    machine = Booted(root)
    try:
        shown = f"journalctl -b MESSAGE_ID={Message.READY_FOR_RESIDENTS.id} -o cat --no-pager | wc -l"
        machine.until(r"[1-9]\d*", "sh", "-c", shown)
        began = int(machine.run("systemctl", "show", "-P", "UserspaceTimestampMonotonic").stdout)

        def after(message: Message) -> float:
            words = ("journalctl", "-b", f"MESSAGE_ID={message.id}", "-o", "json", "--no-pager")
            first = json.loads(machine.run(*words).stdout.splitlines()[0])
            return (int(first["__MONOTONIC_TIMESTAMP"]) - began) / 1e6

        return {each: after(each) for each in MARKS}
    finally:
        machine.stop()


def inside(machine: Machine, script: str) -> None:
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={machine.root}/proc"]
    machine.must([*words, "chroot", str(machine.root), "sh", "-ec", script])


def furnish(machine: Machine, server: Path) -> None:
    """What stands around a kiosk, into the same container."""
    units = machine.root / "etc/systemd/system"
    shutil.copy(ROOT / "systemd/demo/kiosk-sim.service", units)
    (units / "issuance.service").write_text(SERVER)
    (units / "kiosk-card@.service.d").mkdir(exist_ok=True)
    (units / "kiosk-card@.service.d/virtual.conf").write_text(VIRTUAL)
    wants = units / "kiosk.target.wants"
    for unit in ("kiosk-sim.service", "issuance.service"):
        (wants / unit).unlink(missing_ok=True)
        (wants / unit).symlink_to(f"../{unit}")
    place = machine.root / "var/lib/issuance"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(server / "folder", place)
    inside(machine, "chown -R kiosk-issuance:kiosk-issuance /var/lib/issuance")


def install(machine: Machine) -> float:
    """Seconds."""
    began = time.perf_counter()
    done = machine.install()
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - began


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=5)
    parser.add_argument("--in", dest="folder", type=Path, help="the machine's folder, kept for the next run")
    options = parser.parse_args(argv)
    with ExitStack() as stack:
        folder: Path = options.folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp"))
        )
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.chmod(0o755)
        is_new = not (folder / "root/opt/madoguchi").exists()
        machine = make_debian(folder, "--demo")
        if is_new:  # before the machine knows the town's mirror only; nothing of it is started
            script = (
                "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d;"
            )
            script += "export DEBIAN_FRONTEND=noninteractive; apt-get update -q;"
            script += (
                f"apt-get install -q -y --no-install-recommends {' '.join(BESIDE)}; rm /usr/sbin/policy-rc.d"
            )
            inside(machine, script)
        installed = install(machine)
        again = install(machine)
        server = folder / "server"
        shutil.rmtree(server, ignore_errors=True)
        make_bootable(machine.root, server)
        furnish(machine, server)
        found = [boot(machine.root) for _ in range(options.runs)]
    print("# From init to the attract screen, in a container\n")
    print(
        f"`python -m benchmarks.boot` on {platform.machine()}, {os.cpu_count()} cores, {options.runs} boots, "
        f"load {os.getloadavg()[0]:.1f}. Simulators, virtual reader and issuance server start with it.\n"
    )
    print("| figure | median | slowest |\n|---|---|---|")
    for mark, words in zip(MARKS, ("core ready", "first screen", "attract screen"), strict=True):
        times = [each[mark] for each in found]
        print(f"| init → {words} | {statistics.median(times):.2f} s | {max(times):.2f} s |")
    if is_new:
        print(f"| installation of a bare Debian, wheels at hand, packages by network | {installed:.0f} s | |")
    print(f"| the same again, nothing to change | {again:.1f} s | |")


if __name__ == "__main__":
    main()
