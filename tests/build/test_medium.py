"""What a machine is installed from: the appliance's own dependencies, and not the server's."""

from __future__ import annotations

import re

import pytest

from provisioning.appliance_lock import reduced
from tests.build.tree import ROOT

PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def names(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))


def test_an_appliance_gets_no_library_of_the_server() -> None:
    found = names(reduced(PYPROJECT, LOCK))
    assert found >= {"cryptography", "cffi", "kivy", "msgspec", "requests", "urllib3"}, "needed, or needed by those"
    of_the_server = {"httptools", "psycopg", "psycopg-binary", "starlette", "typst", "uvicorn", "uvloop", "zxing-cpp"}
    assert found & of_the_server == set()
    assert found < names(LOCK)


def test_each_entry_keeps_all_its_hashes() -> None:
    kept = reduced(PYPROJECT, LOCK)
    (block,) = re.findall(r"^cffi==.*\n(?:[ \t].*\n)*", LOCK, re.MULTILINE)
    assert block in kept


def test_a_dependency_that_is_not_locked_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in the lock: newthing"):
        reduced(PYPROJECT.replace('"msgspec",', '"msgspec", "newthing>=2",'), LOCK)
