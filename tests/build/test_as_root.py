"""Who is not root is asked once, with the reason, or is told the one line and nothing has been changed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build.tree import ROOT

pytestmark = pytest.mark.system
TOOLS = ("bash", "cat", "dirname", "env", "id", "touch", "true")
NOBODY = 65534


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A checkout that nobody may read and write, with a PATH of its own that has no sudo."""
    folder = Path(tempfile.mkdtemp(prefix="madoguchi-test-", dir="/run"))
    (folder / "provisioning").mkdir()
    (folder / "bin").mkdir()
    shutil.copy(ROOT / "provisioning/as-root.sh", folder / "provisioning")
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (folder / "bin" / tool).symlink_to(found)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
            os.chown(path, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def run_as_nobody(checkout: Path) -> subprocess.CompletedProcess[str]:
    command = [str(checkout / "provisioning/as-root.sh"), "env", "install things", "touch", "changed"]
    return subprocess.run(
        command,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=checkout,
        env={"PATH": str(checkout / "bin"), "DISPLAY": ":7"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def a_sudo(checkout: Path, script: str) -> None:
    path = checkout / "bin/sudo"
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def test_without_sudo_the_line_for_root_is_printed_and_nothing_is_changed(checkout: Path) -> None:
    done = run_as_nobody(checkout)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Nothing was changed" in done.stderr
    assert done.stderr.splitlines()[-1] == f"  make -C {checkout} env"
    assert not (checkout / "changed").exists()


def test_a_sudo_that_would_refuse_is_not_bothered(checkout: Path) -> None:
    a_sudo(checkout, "exit 1")
    done = run_as_nobody(checkout)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"  make -C {checkout} env"
    assert not (checkout / "changed").exists()


def test_a_willing_sudo_is_called_once_with_the_reason_before(checkout: Path) -> None:
    a_sudo(checkout, f'[ "$*" = "-n true" ] || echo "$*" >>{checkout}/asked')
    done = run_as_nobody(checkout)
    assert done.returncode == 0
    assert "needs root to install things" in done.stdout
    assert (checkout / "asked").read_text() == "-H env DISPLAY=:7 touch changed\n"


def test_root_goes_on_without_a_word(checkout: Path) -> None:
    script = checkout / "provisioning/as-root.sh"
    done = subprocess.run(
        [script, "env", "install things", "touch", "changed"], cwd=checkout, capture_output=True, check=True
    )
    assert done.stdout == b""
    assert (checkout / "changed").exists()
