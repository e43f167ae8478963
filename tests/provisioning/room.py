"""One Debian made by debootstrap, installed once and booted once, for all tests of this folder.

It lies in memory where there is room: packages are unpacked there without waiting for a disk.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from issuance import folder
from issuance.clock import SystemClock

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "provisioning/profiles/lobby.toml"
INCLUDE = "ca-certificates,systemd,systemd-sysv,udev,dbus"
NAME = "lobby-0001"
"""What the lobby's profile calls its machine."""
BOOT_S = 60.0
COMMAND_S = 120.0
INSTALL_S = 900.0
QUICKER = """# No test reads these, and a folder that is thrown away need not survive a power cut.
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
"""
OFFSCREEN = """[Service]
ExecStart=
ExecStart=/opt/madoguchi/venv/bin/kiosk-ui
Environment=SDL_VIDEODRIVER=offscreen
StandardInput=null
TTYPath=
PAMName=
"""
"""Without a display SDL draws into memory; everything else is the unit's own."""


class Machine:
    """A Debian in a folder."""

    def __init__(self, root: Path, medium: Path, profile: Path) -> None:
        self.root = root
        self.medium = medium
        self.profile = profile
        self.known = {
            line.split()[1]
            for path in (root / "var/lib/apt/lists").glob("*Packages")
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.startswith("Package: ")
        }
        """What Debian has, as debootstrap left its list here."""

    def install(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [
            str(ROOT / "provisioning/install"),
            "--profile",
            str(self.profile),
            "--root",
            str(self.root),
        ]
        return subprocess.run(
            [*command, "--medium", str(self.medium), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_S,
        )

    def must(self, command: Sequence[Path | str]) -> None:
        _must(command)

    def provision(self, answers: list[str]) -> subprocess.CompletedProcess[str]:
        """As a technician does it; from then on the profile is the one that the answers made."""
        command = [str(ROOT / "provisioning/kiosk-provision"), "--profile", str(self.profile)]
        command += ["--root", str(self.root), "--medium", str(self.medium), "--out", str(self.root.parent)]
        done = subprocess.run(
            command,
            input="".join(f"{answer}\n" for answer in answers),
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_S,
        )
        self.profile = self.root.parent / f"{NAME}.toml"
        return done


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    with a_debian() as made:
        yield made


@contextmanager
def a_debian() -> Iterator[Machine]:
    """Made by debootstrap, nothing of ours in it yet; gone at the end."""
    made = Path(tempfile.mkdtemp(prefix="madoguchi-machine.", dir="/var/tmp"))
    is_in_memory = _has_memory() and _does("mount", "-t", "tmpfs", "-o", "size=4g", "tmpfs", str(made))
    made.chmod(0o755)
    try:
        yield make_debian(made)
    finally:
        if is_in_memory:
            _does("umount", "--lazy", str(made))
        shutil.rmtree(made, ignore_errors=True)


def make_debian(made: Path, *words: str) -> Machine:
    """In this folder; `words` go to medium.sh. A Debian that is there already is taken as it is."""
    medium = made / "medium"
    _must([ROOT / "provisioning/medium.sh", "--out", medium, *words])
    if not (made / "root/etc/dpkg/dpkg.cfg.d/quicker").exists():
        _must(["debootstrap", "--variant=minbase", f"--include={INCLUDE}", "bookworm", made / "root"])
        quicker = made / "root/etc/dpkg/dpkg.cfg.d/quicker"
        quicker.parent.mkdir(exist_ok=True)
        quicker.write_text(QUICKER)
    return Machine(made / "root", medium, _profile(made))


def _must(command: Sequence[Path | str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]


def _has_memory() -> bool:
    line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if "MemAvailable" in line)
    return int(line.split()[1]) > 7 * 1024 * 1024


def _does(*words: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False, timeout=COMMAND_S).returncode == 0


def _profile(place: Path) -> Path:
    """The lobby's, with a UPS that a file plays, and without the compositor, which would have nothing to draw on."""
    text = PROFILE.read_text(encoding="utf-8").replace("../config", str(ROOT / "provisioning/config"))
    for old, new in (
        ('kind = "cage"', 'kind = "kmsdrm"'),
        ('driver = "usbhid-ups"', 'driver = "dummy-ups"'),
        ('port = "auto"', 'port = "kiosk.dev"'),
    ):
        assert old in text
        text = text.replace(old, new)
    (place / "profile.toml").write_text(text, encoding="utf-8")
    return place / "profile.toml"


@pytest.fixture(scope="session")
def installed(machine: Machine) -> Machine:
    looked = machine.install("--dry-run")
    assert looked.returncode == 0, looked.stderr
    assert not (machine.root / "opt/madoguchi").exists(), "a dry run changes nothing"
    first = machine.provision(["", "", "", "", "", "", "", "y"])
    assert first.returncode == 0, first.stderr
    assert "8 questions, " in first.stdout and "inventory " in first.stdout
    assert "certificate  not enrolled" in first.stdout, "the self test says what is still to be done"
    said = [line for line in looked.stdout.splitlines() if line.startswith("    ")]
    assert set(said) >= {"    /opt/madoguchi/venv: is missing", "    /etc/nftables.conf: is missing"}
    return machine


class Booted:
    """That machine, running: systemd is its first process."""

    SCRIPT = """
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn -D "$0" --register=no --keep-unit --private-network --boot
"""

    def __init__(self, root: Path, server: Path | None = None) -> None:
        self.root = root
        self.server = server
        """The folder of the town's server whose certificate the machine has."""
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
        return subprocess.run(inside, capture_output=True, text=True, check=False, timeout=COMMAND_S)

    def pid(self, unit: str) -> str:
        return self.run("systemctl", "show", "-P", "MainPID", unit).stdout.strip()

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

    def ended(self) -> bool:
        """Whether it powers itself off, in its own time."""
        try:
            self.process.wait(COMMAND_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        for pid in descendants(self.process.pid):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd-nspawn":
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(COMMAND_S)


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


@pytest.fixture(scope="session")
def booted(installed: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    server = tmp_path_factory.mktemp("server")
    make_bootable(installed.root, server)
    machine = Booted(installed.root, server / "folder")
    try:
        yield machine
    finally:
        machine.stop()


def make_bootable(root: Path, server: Path) -> None:
    """Enrolled, drawing into memory, on mains."""
    enrol(root, server)
    drop_in = root / "etc/systemd/system/kiosk-ui.service.d/zz-offscreen.conf"
    drop_in.parent.mkdir(exist_ok=True)
    drop_in.write_text(OFFSCREEN)
    (root / "etc/nut/kiosk.dev").write_text("ups.status: OL\n")


def enrol(root: Path, server: Path) -> None:
    """What the town's server hands to a machine, laid where the configuration says."""
    here = server / "folder"
    folder.init(here, kiosk=NAME, hosts=["localhost"], town=folder.SPECIMEN, clock=SystemClock())
    place = root / "var/lib/madoguchi/enrolment"
    shutil.copytree(here / "kiosk", place, dirs_exist_ok=True)
    owner = next(
        line.split(":")
        for line in (root / "etc/passwd").read_text().splitlines()
        if line.startswith("kiosk-core:")
    )
    for path in (place.parent, place, *place.iterdir()):
        os.chown(path, int(owner[2]), int(owner[3]))
