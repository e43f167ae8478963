"""systemd's files: understood by systemd, honest about users, and in step with what the wheel installs."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.build.tree import PYPROJECT, ROOT

SYSTEMD = ROOT / "systemd"
SERVICES = sorted(SYSTEMD.glob("*/kiosk-*.service"))
OF_DEBIAN = {
    "kiosk-logs.service": "/usr/bin/systemctl --no-block try-restart rsyslog.service",
    "kiosk-queue.service": "/usr/sbin/lpadmin -p certificate -E -v ${QUEUE_URI} -m ${QUEUE_MODEL}",
}
"""They run one command of Debian's."""
OF_ROOT = {"kiosk-settle.service", "kiosk-selftest.service", "kiosk-onbattery.service", *OF_DEBIAN}
"""They start units, look at everybody's files or ask Debian's services; each says so itself."""
STOCK_GROUPS = {"audio", "dialout", "lp", "root", "video"}  # Debian's own


def accounts(kind: str) -> set[str]:
    lines = (SYSTEMD / "sysusers.d/madoguchi.conf").read_text().splitlines()
    return {line.split()[1] for line in lines if line.startswith(kind)}


def settings(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)


def test_the_users_of_the_design_exist() -> None:
    expected = {"core", "card", "ui", "assist", "vision", "voice", "read", "issuance", "sim"}
    assert accounts("u ") == {f"kiosk-{name}" for name in expected}


@pytest.mark.system
def test_systemd_understands_every_unit() -> None:
    done = subprocess.run([ROOT / "provisioning/units.sh"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_runs_as_a_user_of_ours_and_nothing_more(unit: Path) -> None:
    (user,) = settings(unit, "User")
    assert user in accounts("u ") | ({"root"} if unit.name in OF_ROOT else set())
    groups = [group for line in settings(unit, "SupplementaryGroups") for group in line.split()]
    assert set(groups) <= accounts("g ") | STOCK_GROUPS
    assert settings(unit, "NoNewPrivileges") == ["yes"]
    looks = ["CAP_DAC_READ_SEARCH"] if unit.name in OF_ROOT - {"kiosk-settle.service", *OF_DEBIAN} else [""]
    assert settings(unit, "CapabilityBoundingSet") == looks
    assert settings(unit, "LimitCORE") == ["0"]  # a core dump is a copy of memory


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_no_service_loses_sight_of_its_peers(unit: Path) -> None:
    assert settings(unit, "PrivateUsers") == []  # every SO_PEERCRED would read 65534


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_starts_a_command_of_the_appliance(unit: Path) -> None:
    hook = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["custom"]
    commands = hook["workshop-scripts"] if unit.parent.name == "demo" else hook["scripts"]
    if unit.name in OF_DEBIAN:
        assert settings(unit, "ExecStart") == [OF_DEBIAN[unit.name]]
        return
    lines = settings(unit, "ExecCondition") if unit.name == "kiosk-onbattery.service" else settings(unit, "ExecStart")
    for line in lines:
        words = [word.lstrip("+-") for word in line.split()]
        ours = [Path(word).name for word in words if word.startswith("/opt/madoguchi/venv/bin/")]
        assert len(ours) == 1
        assert ours[0] in commands


def test_only_root_and_the_card_process_reach_a_reader() -> None:
    text = (SYSTEMD / "system/pcscd.socket.d/madoguchi.conf").read_text()
    assert "SocketMode=0660\nSocketGroup=kiosk-card\n" in text


def test_runtime_folders_belong_to_users_of_ours() -> None:
    known = accounts("u ") | accounts("g ") | {"root"}
    lines = (SYSTEMD / "tmpfiles.d/madoguchi.conf").read_text().splitlines()
    rows = [line.split() for line in lines if line.startswith("d ")]
    assert {row[1] for row in rows} >= {"/run/kiosk", "/run/kiosk/core", "/run/kiosk/card", "/run/kiosk/pin"}
    assert [row for row in rows if not {row[3], row[4]} <= known] == []
    assert [row[1] for row in rows if row[2][-1] not in "05"] == []  # nothing is writable by everyone
    owners = {row[1]: row[2:5] for row in rows}
    assert owners["/run/kiosk/pin"] == ["2750", "kiosk-card", "kiosk-ui"]
    assert owners["/run/kiosk/photo"] == ["2750", "kiosk-vision", "kiosk-card"]
    assert owners["/run/kiosk/core"] == ["2750", "kiosk-core", "kiosk-view"]


@pytest.mark.system
def test_users_script_leaves_every_user_in_place() -> None:
    subprocess.run([ROOT / "provisioning/users.sh"], check=True, capture_output=True)
    for user in accounts("u "):
        shell = subprocess.run(["getent", "passwd", user], capture_output=True, text=True, check=True).stdout
        assert shell.strip().endswith(":/usr/sbin/nologin")
        groups = subprocess.run(
            ["id", "-nG", user], capture_output=True, text=True, check=True
        ).stdout.split()
        assert ("kiosk-view" in groups) == (user in {"kiosk-core", "kiosk-ui", "kiosk-assist"})
