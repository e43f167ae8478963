"""The simulators' unit: for machines that are shown, never for one in use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drivers.simpanel import cli, devices
from kiosk.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "provisioning/config/machine.demo.toml"


def test_a_demo_machine_may_have_them() -> None:
    devices.refuse_production(DEMO)


@pytest.mark.parametrize("mode", ['mode = "production"', "", 'mode = ["demo"]'])
def test_any_other_machine_is_refused(tmp_path: Path, mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    machine = tmp_path / "machine.toml"
    machine.write_text(DEMO.read_text(encoding="utf-8").replace('mode = "demo"', mode, 1), encoding="utf-8")
    with pytest.raises(ConfigError):
        devices.refuse_production(machine)
    assert cli.main(["devices", "--config", str(machine), "--state", str(tmp_path / "state")]) == 1
    assert not (tmp_path / "state").exists()
    assert str(machine) in capsys.readouterr().err


def test_their_lines_are_where_the_demo_machine_looks_for_them() -> None:
    text = DEMO.read_text(encoding="utf-8")
    wanted = set(re.findall(r'port = "(/run/kiosk/sim/\w+)"', text))
    made = devices.commands(Path("/run/kiosk/sim"), Path("/state"))
    lines = {words[words.index("--link") + 1] for words in made if "--link" in words}
    assert lines == wanted
    assert f"ipp://127.0.0.1:{devices.IPP_PORT}/" in text
