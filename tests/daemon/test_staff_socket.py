"""The real core process and the real `kiosk-cash`, each person under an account of their own."""

from __future__ import annotations

import grp
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import core as bench
from tests.daemon.test_process import Core, place, read

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="several people need several accounts"),
]
__all__ = ["place"]

ROOT = Path(__file__).parents[2]
OFFICER, TECHNICIAN, TREASURER, STRANGER = "games", "news", "mail", "uucp"
"""Accounts that every Debian has."""
STAFF = f"""
[[staff]]
id = "officer1"
role = "cash_officer"
user = "{OFFICER}"

[[staff]]
id = "tech1"
role = "technician"
user = "{TECHNICIAN}"

[[staff]]
id = "treasurer1"
role = "treasurer"
user = "{TREASURER}"

[[staff]]
id = "gone1"
role = "cash_officer"
user = "an-account-that-is-gone"
"""


def cash(socket: Path, user: str, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "kiosk.cash_cli", *words, "--socket", str(socket)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        user=pwd.getpwnam(user).pw_uid if user != "root" else 0,
        group=grp.getgrnam("nogroup").gr_gid if user != "root" else 0,
    )
    return done.returncode, done.stdout + done.stderr


def test_who_may_what_at_the_running_core(place: Path) -> None:
    config = bench.prepare(place)
    machine = Path(config[0])
    text = machine.read_text()
    socket = place / "staff.sock"
    assert "[sockets]" in text
    machine.write_text(text.replace("[sockets]", f'[sockets]\nstaff = "{socket}"') + STAFF)
    place.chmod(0o755)
    core = Core(place, config)
    core.wait_for("READY=1")
    assert socket.stat().st_mode & 0o777 == 0o660
    socket.chmod(0o666)  # on a kiosk the folder's group decides who may knock
    core.wait_for("WATCHDOG=1")
    said = {
        who: [cash(socket, user, *words) for words in (("list",), ("close-day", "--no-print"))]
        for who, user in {
            "officer": OFFICER,
            "technician": TECHNICIAN,
            "treasurer": TREASURER,
            "stranger": STRANGER,
            "root": "root",
        }.items()
    }
    codes = {who: [code for code, _ in each] for who, each in said.items()}
    assert codes == {
        "officer": [0, 0],
        "technician": [0, 1],
        "treasurer": [0, 1],
        "stranger": [3, 3],
        "root": [3, 3],
    }, said
    assert "収納金日計表" in said["officer"][1][1]
    assert "not-allowed" in said["treasurer"][1][1]
    code, sheet = cash(socket, TREASURER, "day")
    assert code == 0 and sheet in said["officer"][1][1], "the treasurer reads the same paper"
    assert cash(socket, OFFICER, "close-incident", "nothing", "--reason", "seen")[0] == 1
    core.process.send_signal(signal.SIGTERM)
    core.last_words()
    found = [type(each).__name__ for each in read(place)]
    assert found[-3:] == ["DayClosed", "Checkpoint", "Stopped"]
    closed = next(each for each in read(place) if type(each).__name__ == "DayClosed")
    assert closed.operator == "officer1"
    assert not socket.exists()
