"""A bare Debian made by debootstrap becomes a kiosk, twice; what is spoiled is found, what is made is taken back."""

from __future__ import annotations

import copy
import os
import re
import subprocess
from pathlib import Path

import pytest

from provisioning.machine.steps import training
from provisioning.machine.steps.base import every_package
from tests.provisioning.room import ROOT, Machine
from tests.provisioning.test_training import configuration

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]


def test_the_second_run_changes_nothing(installed: Machine) -> None:
    before = fingerprint(installed.root)
    again = installed.install()
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[-1] == "nothing to change"
    assert installed.install("--verify").stdout.splitlines()[-1] == "as wanted"
    assert fingerprint(installed.root) == before


UNDONE = ("25", "40", "45", "50", "55", "60", "70", "75", "80", "90")
"""All that packages, users, program and configuration do not bring: those take minutes, or others' files."""
KEPT = ("madoguchi/", "locale")


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
    before = contents(installed.root / "etc")
    steps = [word for number in UNDONE for word in ("--step", number)]
    done = installed.install("--undo", *steps)
    assert done.returncode == 0, done.stderr
    assert not (installed.root / "etc/systemd/system/kiosk-core.service").exists()
    assert not (installed.root / "etc/systemd/system/graphical.target.wants/kiosk.target").exists()
    assert "policy drop" not in (installed.root / "etc/nftables.conf").read_text()
    assert (installed.root / "etc/usbguard/rules.conf").read_bytes() == b"", "as Debian's package left it"
    left = contents(installed.root / "etc")
    assert [name for name in left if "madoguchi" in name and not name.startswith(KEPT)] == []
    assert installed.install("--verify").returncode == 1
    assert installed.install().returncode == 0
    assert installed.install("--verify").returncode == 0
    assert contents(installed.root / "etc") == before


def contents(place: Path) -> dict[str, bytes | str]:
    """Every file and link, by what it says."""
    found = {
        str(path.relative_to(place)): path for path in place.rglob("*") if path.is_symlink() or path.is_file()
    }
    return {
        name: os.readlink(path) if path.is_symlink() else path.read_bytes() for name, path in found.items()
    }


def test_a_configuration_that_the_kiosk_refuses_is_not_installed(installed: Machine, tmp_path: Path) -> None:
    town = (ROOT / "provisioning/config/town.demo.toml").read_text(encoding="utf-8")
    (tmp_path / "town.toml").write_text(town.replace("max_lines = 9", "max_lines = 0"), encoding="utf-8")
    text = installed.profile.read_text(encoding="utf-8")
    text = text.replace(str(ROOT / "provisioning/config/town.demo.toml"), str(tmp_path / "town.toml"))
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


def test_a_machine_that_was_for_classes_goes_back_and_kiosk_check_proves_it(
    installed: Machine, tmp_path: Path
) -> None:
    """On this Debian with its own systemctl, dpkg, apt and kiosk-check: refused while anything of the class is left."""
    machine, town = configuration(tmp_path, "production")
    text = installed.profile.read_text(encoding="utf-8")
    text = re.sub(r"^config = .*$", f'config = ["{machine}", "{town}"]', text, flags=re.MULTILINE)
    (tmp_path / "profile.toml").write_text(text, encoding="utf-8")
    back = copy.copy(installed)
    back.profile = tmp_path / "profile.toml"
    root = installed.root
    left = _leave_a_class(root, tmp_path)
    refused = back.install("--step", "35", "--step", "95")
    assert refused.returncode == 2
    for word in ("training: /var/lib/madoguchi/training", "virtual-reader: /usr/lib/pcsc", training.UNIT):
        assert word in refused.stderr, refused.stderr
    assert all(path.is_symlink() or path.exists() for path in left), (
        "it names, and takes nothing away by itself"
    )
    gone = back.install("--step", "28", "--step", "35", "--step", "95")
    assert gone.returncode == 0, gone.stderr
    assert not any(path.is_symlink() or path.exists() for path in left)
    left[0].parent.mkdir()  # and the proof is not only at its first time
    found = back.install("--verify", "--step", "95")
    assert found.returncode == 1 and "training: /var/lib/madoguchi/training" in found.stdout, found.stdout
    left[0].parent.rmdir()
    assert installed.install("--step", "35").returncode == 0  # as the other tests expect it


def _leave_a_class(root: Path, place: Path) -> tuple[Path, ...]:
    """What a training machine has: its journal, its unit, enabled, and the package of the virtual reader."""
    journal = root / "var/lib/madoguchi/training/journal.db"
    unit = root / training.UNIT_FILE.lstrip("/")
    wants = root / "etc/systemd/system/graphical.target.wants" / training.UNIT
    package = place / "vpcd"
    driver = Path("usr/lib/pcsc/drivers/serial/libifdvpcd.so")
    for path in (journal, unit, package / driver, package / "DEBIAN/control", wants):
        path.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text("a class", encoding="utf-8")
    unit.write_text(
        "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=graphical.target\n", encoding="utf-8"
    )
    wants.symlink_to(training.UNIT_FILE)
    (package / driver).write_bytes(b"")
    (package / "DEBIAN/control").write_text(
        "Package: vsmartcard-vpcd\nVersion: 3.3\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n"
        "Description: stands for Debian's\n",
        encoding="utf-8",
    )
    for command in (
        ["dpkg-deb", "--root-owner-group", "--build", package, place / "vpcd.deb"],
        ["dpkg", f"--root={root}", "--install", place / "vpcd.deb"],
    ):
        subprocess.run(command, capture_output=True, check=True, timeout=120)
    return journal, unit, wants, root / driver


def test_debian_has_every_package_that_any_profile_may_want(machine: Machine) -> None:
    """The ones of this profile are installed; the names of the others are at least Debian's."""
    assert set(every_package()) - machine.known == set()
