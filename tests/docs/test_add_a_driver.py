"""The driver on the page docs/add-a-driver.md is a driver: its own tests, as they stand there, pass."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.docs.names import ROOT

PAGE = ROOT / "docs/add-a-driver.md"
_FILE = re.compile(r"^`(?P<name>[\w/.]+)`\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

CONFTEST = """
from pathlib import Path
import drivers
drivers.__path__.append(str(Path(__file__).parent / "drivers"))
from drivers.registry import DRIVERS, SIMULATORS
"""


def test_the_worked_example_works(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    files = {found["name"]: found["text"] for found in _FILE.finditer(page)}
    assert len(files) == 7
    for name, text in files.items():
        # Tests lie flat, so that they are no second package of the name `tests`.
        is_test = name.startswith("tests/")
        path = tmp_path / (name.replace("tests/", "test_").replace("/", "_") if is_test else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "drivers/tray/__init__.py").write_text('"""A light barrier."""\n', encoding="utf-8")
    registry = re.search(r"^DRIVERS\[.*\nSIMULATORS\[.*$", page, re.MULTILINE)
    assert registry is not None
    (tmp_path / "conftest.py").write_text(CONFTEST + registry[0] + "\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n", encoding="utf-8")
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout
