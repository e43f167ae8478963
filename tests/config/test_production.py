"""kiosk-check on a machine in use: each way in for test cards, alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk import check
from kiosk.config import load
from kiosk.production import findings
from tests.config.test_config import SMALL_MACHINE, SMALL_TOWN


def _put(root: Path, name: str, text: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _machine(folder: Path, mode: str) -> list[Path]:
    paths = [folder / "machine.toml", folder / "town.toml"]
    paths[0].write_text(SMALL_MACHINE.replace("demo", mode), encoding="utf-8")
    paths[1].write_text(SMALL_TOWN, encoding="utf-8")
    return paths


GOOD_UNIT = "[Service]\nExecStart=/opt/madoguchi/venv/bin/kiosk-card\n"
WAYS = [
    ("usr/lib/pcsc/drivers/serial/libifdvpcd.so.1.0.0", "", "virtual-reader"),
    ("etc/reader.conf.d/vpcd", "", "virtual-reader"),
    ("etc/systemd/system/kiosk-card@.service", GOOD_UNIT[:-1] + " --allow-virtual\n", "virtual-reader"),
    (
        "etc/systemd/system/kiosk-card@.service.d/local.conf",
        "[Service]\nExecStart=\nExecStart=/opt/x/kiosk-card --allow-virtual\n",
        "virtual-reader",
    ),
    ("etc/madoguchi/cv-roots.txt", "# state\n5000023F00 AA 03\n\n9000023F00 AA 03\n", "test-root"),
    ("etc/madoguchi/cv-roots.txt", "6000023F00 AA 03\n", "test-root"),
]


@pytest.mark.parametrize(("name", "text", "code"), WAYS)
def test_each_way_in_is_found_and_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, code: str
) -> None:
    root = tmp_path / "root"
    _put(root, "etc/systemd/system/kiosk-core.service", "ExecStart=kiosk-core --allow-virtual\n")
    _put(root, "etc/systemd/system/kiosk-card.socket", "[Socket]\n")
    _put(root, "usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist")
    config = load(_machine(tmp_path, "production"))
    assert findings(config, root) == ()
    _put(root, name, text)
    (found,) = findings(config, root)
    assert found.startswith(code + ":") and name in found
    words = [word for path in _machine(tmp_path, "production") for word in ("--config", str(path))]
    assert check.main([*words, "--root", str(root)]) == check.REFUSED
    assert f"REFUSED {code}" in capsys.readouterr().err
    words = [word for path in _machine(tmp_path, "demo") for word in ("--config", str(path))]
    assert check.main([*words, "--root", str(root)]) == check.GOOD


def test_the_line_of_a_test_root_is_named(tmp_path: Path) -> None:
    _put(tmp_path, *WAYS[4][:2])
    (found,) = findings(load(_machine(tmp_path, "production")), tmp_path)
    assert "cv-roots.txt:4" in found
