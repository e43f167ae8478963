"""The two wheels: the whole tree, and the appliance's, where nothing can pretend (DESIGN 3, ADR 0002)."""

import configparser
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.build.tree import PACKAGES, ROOT, files, imports, is_within, is_workshop, module_of

APPLIANCE_COMMANDS = {
    "kiosk-assist",
    "kiosk-bundle",
    "kiosk-card",
    "kiosk-cash",
    "kiosk-check",
    "kiosk-core",
    "kiosk-enrol",
    "kiosk-face",
    "kiosk-fallback",
    "kiosk-journal",
    "kiosk-letters",
    "kiosk-paper",
    "kiosk-read",
    "kiosk-relay",
    "kiosk-stats",
    "kiosk-ui",
    "kiosk-vision",
    "kiosk-voice",
}
WORKSHOP_COMMANDS = {"kiosk-sim", "kiosk-journey", "issuance-server", "issuance-sample"}


@dataclass(frozen=True)
class Wheel:
    names: frozenset[str]
    commands: dict[str, str]


def build(kind: str, folder: Path) -> Wheel:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(
        command, env=os.environ | {"MADOGUCHI_BUILD": kind}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("madoguchi-*.whl")
    with zipfile.ZipFile(path) as archive:
        names = frozenset(name for name in archive.namelist() if ".dist-info/" not in name)
        (entry_points,) = (name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        parser = configparser.ConfigParser()
        parser.read_string(archive.read(entry_points).decode())
    return Wheel(names, dict(parser["console_scripts"]))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return build("full", tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return build("appliance", tmp_path_factory.mktemp("appliance"))


def test_the_full_wheel_has_every_file_of_the_packages(full: Wheel) -> None:
    wanted = {
        name
        for name in files()
        if not name.endswith((".md", ".pyc")) and not any(part.startswith(".") for part in name.split("/"))
    }
    assert full.names == wanted
    assert {name.split("/")[0] for name in full.names} <= set(PACKAGES)


def test_the_appliance_wheel_has_nothing_that_pretends(appliance: Wheel) -> None:
    assert {name.split("/")[0] for name in appliance.names} <= {"kiosk", "drivers", "screens", "i18n"}
    parts = {part.removesuffix(".py") for name in appliance.names for part in name.split("/")}
    assert not parts & {"sim", "simpanel", "probe", "samples", "sample_bodies", "sample_more", "sample_screens", "sample_staff", "book", "exhibit", "strings"}
    assert not [part for part in parts if part.startswith(("sim_", "fake", "virtual"))]


def test_the_appliance_wheel_is_the_full_one_less_the_workshop(full: Wheel, appliance: Wheel) -> None:
    assert full.names - appliance.names == {name for name in full.names if is_workshop(name)}
    assert appliance.names < full.names


def test_the_commands_of_each(full: Wheel, appliance: Wheel) -> None:
    assert set(appliance.commands) == APPLIANCE_COMMANDS
    assert set(full.commands) == APPLIANCE_COMMANDS | WORKSHOP_COMMANDS


def test_every_command_is_a_function_in_its_wheel(full: Wheel, appliance: Wheel) -> None:
    for wheel in (full, appliance):
        for command, target in wheel.commands.items():
            module, _, function = target.partition(":")
            name = module.replace(".", "/") + ".py"
            assert name in wheel.names, f"{command}: {name} is not in its wheel"
            assert f"def {function}(" in (ROOT / name).read_text(), f"{command}: {name} has no {function}()"


def test_what_ships_never_imports_what_does_not() -> None:
    workshop = {module_of(name) for name in files() if is_workshop(name) and name.endswith(".py")}
    shipped = [name for name in files() if not is_workshop(name)]
    wrong = [
        str(found)
        for found in imports(shipped)
        if any(is_within(found.imported, module) for module in workshop)
    ]
    assert wrong == []


def test_a_misspelt_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="it may be 'full' or 'appliance'"):
        build("aplliance", tmp_path)
