"""A bare Debian made by debootstrap becomes a kiosk, twice, and boots under a real systemd."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuance import folder
from issuance.clock import SystemClock

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "provisioning/profiles/lobby.toml"
INCLUDE = "ca-certificates,systemd,systemd-sysv,udev,dbus"
BOOT_S = 60.0


class Machine:
    """A Debian in a folder."""

    def __init__(self, root: Path, medium: Path) -> None:
        self.root = root
        self.medium = medium

    def install(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(ROOT / "provisioning/install"), "--profile", str(PROFILE), "--root", str(self.root)]
        return subprocess.run(
            [*command, "--medium", str(self.medium), *words], capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    made = Path(tempfile.mkdtemp(prefix="madoguchi-machine.", dir="/var/tmp"))
    made.chmod(0o755)
    try:
        medium = made / "medium"
        subprocess.run([ROOT / "provisioning/medium.sh", "--out", medium], check=True, capture_output=True)
        command = [
            "debootstrap",
            "--variant=minbase",
            f"--include={INCLUDE}",
            "bookworm",
            made / "root",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
        yield Machine(made / "root", medium)
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def installed(machine: Machine) -> Machine:
    looked = machine.install("--dry-run")
    assert looked.returncode == 0, looked.stderr
    assert not (machine.root / "opt/madoguchi").exists(), "a dry run changes nothing"
    first = machine.install()
    assert first.returncode == 0, first.stderr
    said = [line for line in looked.stdout.splitlines() if line.startswith("    ")]
    assert set(said) >= {"    /opt/madoguchi/venv: is missing", "    /etc/nftables.conf: is missing"}
    return machine


def test_the_second_run_changes_nothing(installed: Machine) -> None:
    before = fingerprint(installed.root)
    again = installed.install()
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[-1] == "nothing to change"
    assert installed.install("--verify").stdout.splitlines()[-1] == "as wanted"
    assert fingerprint(installed.root) == before


def fingerprint(root: Path) -> dict[str, tuple[int, int, int]]:
    """Every file of the machine but what running programs write."""
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_size, path.lstat().st_mode)
        for part in ("etc", "usr", "opt", "var/lib/madoguchi-install")
        for path in (root / part).rglob("*")
    }


def test_what_was_spoiled_is_found_named_and_mended(installed: Machine) -> None:
    rules = installed.root / "etc/nftables.conf"
    rules.write_text("flush ruleset\n")
    (installed.root / "etc/systemd/system/ctrl-alt-del.target").unlink()
    looked = installed.install("--verify")
    assert looked.returncode == 1
    assert "    /etc/nftables.conf: has another content" in looked.stdout.splitlines()
    assert looked.stdout.splitlines()[-1] == "2 not as wanted"
    assert installed.install().stdout.splitlines()[-1] == "2 changed"
    assert installed.install("--verify").returncode == 0


def test_steps_are_taken_back_and_made_again(installed: Machine) -> None:
    done = installed.install("--undo", "--step", "45", "--step", "90")
    assert done.returncode == 0, done.stderr
    assert not (installed.root / "etc/systemd/system/kiosk-core.service").exists()
    assert not (installed.root / "etc/systemd/system/graphical.target.wants/kiosk.target").exists()
    assert "policy drop" not in (installed.root / "etc/nftables.conf").read_text()
    assert installed.install("--verify").returncode == 1
    assert installed.install().returncode == 0
    assert installed.install("--verify").returncode == 0


def test_a_configuration_that_the_kiosk_refuses_is_not_installed(installed: Machine, tmp_path: Path) -> None:
    town = (ROOT / "provisioning/config/town.demo.toml").read_text(encoding="utf-8")
    (tmp_path / "town.toml").write_text(town.replace("max_lines = 9", "max_lines = 0"), encoding="utf-8")
    text = PROFILE.read_text(encoding="utf-8")
    text = text.replace("../config/machine.demo.toml", str(ROOT / "provisioning/config/machine.demo.toml"))
    text = text.replace("../config/town.demo.toml", str(tmp_path / "town.toml"))
    (tmp_path / "profile.toml").write_text(text, encoding="utf-8")
    before = (installed.root / "etc/madoguchi/municipality.toml").read_bytes()
    command = [
        ROOT / "provisioning/install",
        "--profile",
        tmp_path / "profile.toml",
        "--root",
        installed.root,
    ]
    done = subprocess.run(
        [*command, "--medium", installed.medium, "--step", "35"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "town.max_lines" in done.stderr
    assert (installed.root / "etc/madoguchi/municipality.toml").read_bytes() == before


class Booted:
    """That machine, running: systemd is its first process."""

    SCRIPT = """
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn -D "$0" --register=no --keep-unit --private-network --boot
"""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", self.SCRIPT, str(root)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.init = self._find_init()

    def _find_init(self) -> int:
        """The container's first process: the child of nspawn that became systemd."""
        deadline = time.monotonic() + BOOT_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None
            for pid in descendants(self.process.pid):
                if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                    return pid
            time.sleep(0.1)
        raise AssertionError("no systemd came up")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        inside = ["nsenter", "--target", str(self.init), "--all", *command]
        return subprocess.run(inside, capture_output=True, text=True, check=False)

    def until(self, wanted: str, *command: str) -> None:
        deadline = time.monotonic() + BOOT_S
        said = ""
        while time.monotonic() < deadline:
            said = self.run(*command).stdout.strip()
            if re.fullmatch(wanted, said):
                return
            time.sleep(0.2)
        unit = command[-1]
        log = self.run("journalctl", "--no-pager", "-n", "30", "-u", unit).stdout
        raise AssertionError(f"{' '.join(command)}: {said!r}\n{log}")

    def stop(self) -> None:
        for pid in descendants(self.process.pid):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd-nspawn":
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(each) for each in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


@pytest.fixture(scope="module")
def booted(installed: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    enrol(installed.root, tmp_path_factory.mktemp("server"))
    machine = Booted(installed.root)
    yield machine
    machine.stop()


def enrol(root: Path, server: Path) -> None:
    """What the town's server hands to a machine, laid where the configuration says."""
    here = server / "folder"
    folder.init(here, kiosk="demo-0001", hosts=["localhost"], town=folder.SPECIMEN, clock=SystemClock())
    place = root / "var/lib/madoguchi/enrolment"
    shutil.copytree(here / "kiosk", place, dirs_exist_ok=True)
    owner = next(
        line.split(":")
        for line in (root / "etc/passwd").read_text().splitlines()
        if line.startswith("kiosk-core:")
    )
    for path in (place.parent, place, *place.iterdir()):
        os.chown(path, int(owner[2]), int(owner[3]))


def test_the_core_is_ready_and_nothing_of_ours_waits_for_a_device(booted: Booted) -> None:
    booted.until("active", "systemctl", "is-active", "kiosk-core.service")
    booted.until("active", "systemctl", "is-active", "kiosk-card.socket")
    booted.until("active", "systemctl", "is-active", "kiosk.target")
    booted.until("active", "systemctl", "is-active", "graphical.target")
    chain = booted.run("systemd-analyze", "critical-chain", "--no-pager", "kiosk-core.service").stdout
    assert "udev-settle" not in chain and "network-online" not in chain
    assert ".device" not in chain


def test_the_screens_draw_inside_their_sandbox(booted: Booted) -> None:
    """Without a display: SDL draws into memory, everything else is the unit's. `cage` on a seat is not proven here."""
    place = "/run/systemd/system/kiosk-ui.service.d"
    text = "[Service]\nExecStart=\nExecStart=/opt/madoguchi/venv/bin/kiosk-ui\n"
    text += "Environment=SDL_VIDEODRIVER=offscreen\nStandardInput=null\nTTYPath=\nPAMName=\n"
    booted.run("mkdir", "-p", place)
    booted.run("sh", "-c", f"printf '%s' '{text}' >{place}/zz-offscreen.conf")
    booted.run("systemctl", "daemon-reload")
    booted.run("systemctl", "restart", "kiosk-ui.service")
    booted.until(r"[1-9]\d*", "sh", "-c", CONNECTED)
    booted.until("active", "systemctl", "is-active", "kiosk-ui.service")
    assert booted.run("systemctl", "show", "-P", "NRestarts", "kiosk-ui.service").stdout.strip() == "0"


CONNECTED = (
    "grep -c ' 03 .*/run/kiosk/core/view.sock' /proc/$(systemctl show -P MainPID kiosk-ui.service)/net/unix"
)
"""Connections that the core has taken (net/unix, state 03); they are seen from the network of who connected."""


@pytest.mark.parametrize("name", ["core", "card@", "ui", "vision@", "assist"])
def test_no_unit_is_more_exposed_than_agreed(name: str) -> None:
    unit = ROOT / f"systemd/system/kiosk-{name}.service"
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None and float(found[1]) <= 1.5


def test_only_who_may_reaches_a_reader(booted: Booted) -> None:
    booted.until("active", "systemctl", "is-active", "pcscd.socket")
    assert booted.run("stat", "-c", "%a %G", "/run/pcscd/pcscd.comm").stdout.strip() == "660 kiosk-card"


def test_the_machine_keeps_no_swap_no_dump_and_no_other_console(booted: Booted) -> None:
    for unit in ("ctrl-alt-del.target", "debug-shell.service", "swap.target", "getty@tty1.service"):
        assert booted.run("systemctl", "is-enabled", unit).stdout.strip() == "masked"
    assert booted.run("swapon", "--noheadings").stdout == ""
    limits = booted.run("systemctl", "show", "-P", "LimitCORE", "kiosk-core.service").stdout
    assert limits.strip() == "0"


@pytest.mark.parametrize("unit", ["kiosk-core.service"])
def test_a_killed_core_comes_back_ready(booted: Booted, unit: str) -> None:
    booted.until("active", "systemctl", "is-active", unit)
    before = booted.run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()
    for _ in range(2):
        booted.run("systemctl", "kill", "--signal=SIGKILL", unit)
        booted.until(rf"(?!{before}$)[1-9]\d*", "systemctl", "show", "-P", "MainPID", unit)
        booted.until("active", "systemctl", "is-active", unit)
        before = booted.run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()
    assert booted.run("systemctl", "show", "-P", "NRestarts", unit).stdout.strip() == "2"


def test_the_firewall_is_up(booted: Booted) -> None:
    booted.until("active", "systemctl", "is-active", "nftables.service")
