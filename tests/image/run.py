"""`make image-test`, second half: the disk is started, looked at, attacked from the front, unplugged, started again.

    python -m tests.image.run OUT [--without-front]      (in a network and a /run of its own: provisioning/image.sh)

Ends with 1 when the attract screen did not come, the journal is not whole, or something in front was not held.
OUT/report.md has the figures, OUT/*.png what the display showed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from kiosk.messages import Message
from tests.image import build, front, lobby
from tests.image.qemu import Boot, Computer, accelerator

UP_S = 900.0
ETC = "--config /etc/madoguchi/machine.toml --config /etc/madoguchi/municipality.toml"
MARKS = (Message.CORE_READY, Message.FIRST_SCREEN, Message.READY_FOR_RESIDENTS)


RECORDS = """
import sqlite3
journal = sqlite3.connect("file:/var/lib/madoguchi/journal.db?mode=ro", uri=True)
print(journal.execute("select count(*) from records").fetchone()[0])
"""
REFUSED = """
import socket
try:
    socket.create_connection(("192.0.2.1", 53), 3)
except OSError:
    pass
"""


def started(computer: Computer) -> dict[str, float]:
    """Wait for the attract screen; seconds from its kernel's start by its own clock, and by ours from the plug."""
    computer.wait_for_probe(UP_S)

    def marks() -> dict[str, float]:
        found = {}
        for each in MARKS:
            said = computer.shell(f"journalctl -b -q MESSAGE_ID={each.id} -o json --no-pager | head -n 1")
            if said.startswith("{"):
                found[each.name] = int(json.loads(said)["__MONOTONIC_TIMESTAMP"]) / 1e6
        return found

    words = "the attract screen did not come"
    whole = computer.until(lambda: Message.READY_FOR_RESIDENTS.name in marks(), words, UP_S)
    return {**marks(), "plug": whole}


def whole_journal(computer: Computer) -> str:
    """What the kiosk's own check says of its journal; AssertionError when it is not whole."""
    code, said = computer.run("sh", "-c", f"/opt/madoguchi/venv/bin/kiosk-check {ETC} --journal --quiet")
    assert code == 0, said
    return computer.run("python3", "-c", RECORDS)[1].strip()


def security_events(computer: Computer, around: lobby.Lobby, found: front.Findings) -> None:
    """They arrive at the town's server by TLS, from a machine that showed its certificate, and only there."""
    computer.run("logger", "-p", "authpriv.notice", "image-test-canary")
    computer.run("python3", "-c", REFUSED)
    for words, wanted in (
        ("security event of authpriv, by TLS", "image-test-canary"),
        ("a message of the kiosk's own, by TLS", "kiosk-core"),
        ("a refusal of the firewall, by TLS", "kiosk refused out"),
    ):
        deadline = time.monotonic() + 120
        while not around.log.has(wanted) and time.monotonic() < deadline:
            time.sleep(0.5)
        senders = {name for name, message in around.log.heard if wanted in message}
        found.note(words, senders == {"image-0001"}, f"arrived, sent by {senders or 'nobody'}")


def fallback(computer: Computer, out: Path) -> None:
    """The picture that stands when the screens cannot be."""
    computer.shell("systemctl stop kiosk-ui; sleep 5")
    computer.picture(out / "fallback.png")
    computer.shell("systemctl start kiosk-ui")
    computer.until(lambda: front.screen_of(computer) == "Attract", "the screens came back", 120)


def second_life(boot: Boot, out: Path) -> tuple[Computer, dict[str, float]]:
    """Started again after the plug was pulled, while somebody presses Escape, as for Plymouth's details."""
    computer = Computer(boot)
    for at in range(40):
        time.sleep(0.5)
        computer.keys("esc")
        if at in (20, 39):
            computer.picture(out / f"starting-{at}.png")
    return computer, started(computer)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--without-front", action="store_true", help="boots only")
    options = parser.parse_args(argv)
    out: Path = options.out.resolve()
    kernel, initrd, words = build.start_of(out)
    accel = accelerator(kernel, out)
    disk = out / "running.raw"
    subprocess.run(["cp", "--sparse=always", out / "disk.raw", disk], check=True, timeout=600)
    boot = Boot(accel, kernel, initrd, disk, words, lobby.devices(), out)
    found = front.Findings()
    with lobby.Lobby(out, out / "server") as around:
        computer = Computer(boot)
        try:
            first = started(computer)
            time.sleep(5)
            computer.picture(out / "attract.png")
            chain = computer.shell(CHAIN)
            slow = computer.shell("systemd-analyze blame --no-pager | head -n 12")
            security_events(computer, around, found)
            if not options.without_front:
                found.lines += front.try_everything(computer, out).lines
                fallback(computer, out)
            before = whole_journal(computer)
            computer.cut()
            computer, second = second_life(boot, out)
            computer.picture(out / "attract-again.png")
            after = whole_journal(computer)
            computer.shell("sync")
        finally:
            computer.cut()
    for forbidden in ("network-online", "udev-settle"):
        found.note(
            f"{forbidden} in the critical chain",
            forbidden not in chain,
            "not there" if forbidden not in chain else "there",
        )
    text = report(accel, (first, second), (before, after), chain, slow, found)
    (out / "report.md").write_text(text, encoding="utf-8")
    print(text)
    return 1 if found.wrong else 0


CHAIN = (
    "systemd-analyze --no-pager;"
    "systemd-analyze critical-chain --no-pager kiosk.target kiosk-ui.service kiosk-core.service"
)
TRANSLATED = "Every instruction of the guest is translated: a real machine is many times faster."


def report(
    accel: str,
    boots: tuple[dict[str, float], ...],
    records: tuple[str, str],
    chain: str,
    slow: str,
    found: front.Findings,
) -> str:
    named = {each.name: each.name.lower().replace("_", " ") for each in MARKS}
    rows = [
        "# From the plug to the attract screen, in QEMU",
        "",
        f"`make image-test` on {platform.machine()}, {os.cpu_count()} cores, QEMU with {accel}, "
        f"load {os.getloadavg()[0]:.1f}. {TRANSLATED if accel == 'tcg' else ''}",
        "",
        "| from the kernel's start to | first boot | after the plug was pulled |",
        "|---|---|---|",
        *(f"| {words} | {boots[0][name]:.1f} s | {boots[1][name]:.1f} s |" for name, words in named.items()),
        f"| (from QEMU's start, seen from outside) attract | {boots[0]['plug']:.1f} s | {boots[1]['plug']:.1f} s |",
        "",
        f"The journal is whole after the cut: {records[0]} records before it, {records[1]} after the next start.",
        "",
        "```text", chain, "```", "", "```text", slow, "```", "",
        "| tried | held | what came of it |", "|---|---|---|",
        *(f"| {tried} | {'yes' if is_good else '**NO**'} | {came} |" for tried, is_good, came in found.lines),
        "",
    ]  # fmt: skip
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
