"""What is installed is what was locked: exact, hashed, and bound to no address."""

import importlib.metadata
import re
from dataclasses import dataclass

import pytest

from tests.build.tree import PYPROJECT, ROOT

LOCKS = (
    "requirements-build.lock",
    "requirements.lock",
    "requirements-vision.lock",
    "requirements-voice.lock",
    "requirements-dev.lock",
)
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)$")
HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


@dataclass(frozen=True)
class Locked:
    name: str
    version: str
    hashes: int


def read(lock: str) -> list[Locked]:
    """The lock's entries; anything that is not a pin with its hashes is an assertion."""
    text = re.sub(r"#.*", "", (ROOT / lock).read_text()).replace("\\\n", " ")
    entries = []
    for line in filter(None, map(str.strip, text.splitlines())):
        pin, *hashes = line.split()
        match = PIN.match(pin)
        assert match, f"{lock}: not an exact version: {pin}"
        assert all(HASH.match(word) for word in hashes), f"{lock}: something beside hashes at {pin}"
        entries.append(Locked(match["name"], match["version"], len(hashes)))
    return entries


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def required(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[<>=!~\[; ]", requirement)[0]) for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_a_version_and_hashes(lock: str) -> None:
    entries = read(lock)
    assert entries
    assert [entry.name for entry in entries if entry.hashes == 0] == []
    assert [entry.name for entry in entries] == sorted({entry.name for entry in entries})


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_is_in_a_lock(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(
        r"https?:|file:|--(extra-)?index|--find-links|--trusted-host|(^|\s)@\s|(^|\s)-[efi]\s", text
    )


def test_the_locks_agree_with_each_other() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for entry in read(lock):
            versions.setdefault(entry.name, set()).add(entry.version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_every_requirement_of_the_project_is_locked() -> None:
    project = PYPROJECT["project"]
    runtime = required(project["dependencies"] + project["optional-dependencies"]["issuance"])
    assert runtime <= {entry.name for entry in read("requirements.lock")}
    vision = required(PYPROJECT["project"]["optional-dependencies"]["vision"])
    assert vision == {entry.name for entry in read("requirements-vision.lock")}
    voice = required(PYPROJECT["project"]["optional-dependencies"]["voice"])
    assert voice <= {entry.name for entry in read("requirements-voice.lock")}
    assert required(PYPROJECT["dependency-groups"]["dev"]) <= {
        entry.name for entry in read("requirements-dev.lock")
    }
    build_tools = required(PYPROJECT["dependency-groups"]["build"])
    assert required(PYPROJECT["build-system"]["requires"]) <= build_tools
    assert build_tools <= {entry.name for entry in read("requirements-build.lock")}


def test_what_runs_here_is_what_is_locked() -> None:
    installed = {normal(dist.name): dist.version for dist in importlib.metadata.distributions()}
    locked = {entry.name: entry.version for lock in LOCKS for entry in read(lock)}
    assert {name: installed.get(name) for name in locked} == locked
