"""packages.txt: a name a line, each with its reason, and only what Debian's main archive has."""

import re
import subprocess

import pytest

from tests.build.tree import ROOT

LINE = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.+-]+) +# (?P<why>\S.*)$")


def entries() -> list[re.Match[str]]:
    lines = [
        line for line in (ROOT / "packages.txt").read_text().splitlines() if line and not line.startswith("#")
    ]
    matches = [LINE.match(line) for line in lines]
    wrong = [line for line, match in zip(lines, matches, strict=True) if match is None]
    assert wrong == []
    return [match for match in matches if match is not None]


def test_every_line_is_a_package_with_a_reason() -> None:
    assert len(entries()) > 20
    assert [match["name"] for match in entries() if len(match["why"]) < 8] == []


def test_no_package_is_named_twice() -> None:
    names = [match["name"] for match in entries()]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.system
def test_make_packages_has_nothing_left_to_do() -> None:
    done = subprocess.run(
        [ROOT / "provisioning/packages.sh", "--missing"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
