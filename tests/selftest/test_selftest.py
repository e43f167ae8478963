"""The self test finds each thing that is wrong, says it in words, and stays quiet about what is personal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from issuance import folder
from issuance.clock import SystemClock as ServerClock
from kiosk import check, inventory, selftest
from kiosk.clock import SystemClock
from kiosk.config import Config, Mode, load
from kiosk.enrolment.keys import TPM_MARK
from kiosk.selftest import State
from screens import fonts

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "provisioning/config"


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("server")
    folder.init(
        made / "here", kiosk="demo-0001", hosts=["localhost"], town=folder.SPECIMEN, clock=ServerClock()
    )
    return made / "here/kiosk"


@dataclass
class Machine:
    root: Path
    files: list[str]

    @property
    def config(self) -> Config:
        made = load(self.files)
        return replace(made, machine=replace(made.machine, mode=Mode.PRODUCTION))

    def states(self, now: datetime | None = None) -> dict[str, State]:
        """The worst of each check."""
        order = [State.GOOD, State.ABSENT, State.SOON, State.BAD]
        found: dict[str, State] = {}
        for each in selftest.run(self.config, Clock(now), self.root):
            known = found.get(each.check, State.GOOD)
            found[each.check] = max(known, each.state, key=order.index)
        return found


class Clock(SystemClock):
    def __init__(self, now: datetime | None = None) -> None:
        self._now = now

    def wall(self) -> datetime:
        return self._now or super().wall()


@pytest.fixture
def machine(tmp_path: Path, enrolled: Path) -> Machine:
    """A machine in use with nothing wrong, in a folder."""
    root = tmp_path / "root"
    state = tmp_path / "state"
    for each in ("run/systemd/timesync", "etc/madoguchi", "proc/sys/kernel", "dev/kiosk"):
        (root / each).mkdir(parents=True)
    state.mkdir(mode=0o700)
    (root / "run/systemd/timesync/synchronized").touch()
    (root / "proc/swaps").write_text("Filename Type Size Used Priority\n")
    (root / "proc/sys/kernel/core_pattern").write_text("|/bin/false\n")
    for each in selftest.FONTS:
        (root / "usr/share/fonts" / each).parent.mkdir(parents=True, exist_ok=True)
        (root / "usr/share/fonts" / each).touch()
    (state / "enrolment").mkdir()
    for file in enrolled.iterdir():
        (state / "enrolment" / file.name).write_bytes(file.read_bytes())
        (state / "enrolment" / file.name).chmod(0o600)
    text = (
        (CONFIG / "machine.demo.toml").read_text(encoding="utf-8").replace("/var/lib/madoguchi", str(state))
    )
    text = text.replace("/run/kiosk/sim/cctalk", "/dev/kiosk/coin1")
    (tmp_path / "machine.toml").write_text(text, encoding="utf-8")
    return Machine(root, [str(tmp_path / "machine.toml"), str(CONFIG / "town.demo.toml")])


def test_a_good_machine_is_good_and_a_missing_device_is_no_fault(machine: Machine) -> None:
    found = machine.states()
    assert found.pop("devices") is State.ABSENT
    assert found.pop("journal") is State.SOON  # none yet
    assert set(found.values()) == {State.GOOD}
    (machine.root / "dev/kiosk/coin1").touch()
    told = [each.detail for each in selftest.run(machine.config, Clock(), machine.root)]
    assert "cash: /dev/kiosk/coin1" in told


def spoil_text(path: str, text: str) -> Callable[[Machine], None]:
    def spoil(machine: Machine) -> None:
        target = machine.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    return spoil


def spoil_mode(key: str, mode: int) -> Callable[[Machine], None]:
    def spoil(machine: Machine) -> None:
        path: Path = getattr(machine.config.issuance, key)
        path.chmod(mode)

    return spoil


def spoil_config(machine: Machine) -> None:
    spoil_text("etc/madoguchi/machine.toml", "")(machine)
    (machine.root / "etc/madoguchi/machine.toml").chmod(0o666)


def spoil_journal(machine: Machine) -> None:
    machine.config.paths.journal.write_text("x" * 5000)
    machine.config.paths.journal.chmod(0o600)


SPOILED: dict[str, tuple[str, State, Callable[[Machine], None]]] = {
    "clock": (
        "clock",
        State.BAD,
        lambda machine: (machine.root / "run/systemd/timesync/synchronized").unlink(),
    ),
    "swap": ("memory", State.BAD, spoil_text("proc/swaps", "Filename\n/dev/sda2 partition 1 0 -2\n")),
    "dumps": ("memory", State.BAD, spoil_text("proc/sys/kernel/core_pattern", "core\n")),
    "key": ("permissions", State.BAD, spoil_mode("key", 0o640)),
    "config": ("permissions", State.BAD, spoil_config),
    "font": (
        "fonts",
        State.BAD,
        lambda machine: (machine.root / "usr/share/fonts" / selftest.FONTS[0]).unlink(),
    ),
    "not enrolled": ("certificate", State.BAD, lambda machine: machine.config.issuance.certificate.unlink()),
    "journal": ("journal", State.BAD, spoil_journal),
    "virtual reader": (
        "production",
        State.BAD,
        spoil_text("usr/lib/pcsc/drivers/serial/libifdvpcd.so", ""),
    ),
    "test root": ("production", State.BAD, spoil_text("etc/madoguchi/cv-roots.txt", "600001 aa\n")),
}


@pytest.mark.parametrize("name", SPOILED)
def test_each_thing_that_is_wrong_is_found(machine: Machine, name: str) -> None:
    what, state, spoil = SPOILED[name]
    before = machine.states()
    assert before[what] is not state
    spoil(machine)
    after = machine.states()
    assert after.pop(what) is state
    before.pop(what)
    assert after == before, "and nothing else"


def test_the_end_of_the_certificate_is_seen_before_it_comes(machine: Machine) -> None:
    until = datetime.now(UTC) + timedelta(days=825)
    for days, state in ((-40, State.GOOD), (-20, State.SOON), (1, State.BAD)):
        assert machine.states(until + timedelta(days=days))["certificate"] is state


def test_a_key_that_should_be_in_the_tpm_and_is_a_file_is_told(machine: Machine) -> None:
    assert machine.states()["device key"] is State.GOOD
    file = Path(machine.files[0])
    file.write_text(file.read_text("utf-8").replace('# key_in = "tpm"', 'key_in = "tpm"'), encoding="utf-8")
    assert machine.states()["device key"] is State.SOON
    machine.config.issuance.key.write_bytes(TPM_MARK + b"\n")
    assert machine.states()["device key"] is State.GOOD


def test_a_check_that_cannot_be_made_is_a_finding(machine: Machine) -> None:
    (machine.root / "proc/swaps").unlink()
    assert machine.states()["memory"] is State.BAD
    (machine.root / "etc/madoguchi/cv-roots.txt").mkdir()
    assert machine.states()["production"] is State.BAD


def test_the_fonts_are_the_screens_own() -> None:
    named = {
        str(each.at(is_bold)).removeprefix("/usr/share/fonts/")
        for each in fonts.FILES.values()
        for is_bold in (False, True)
    }
    assert set(selftest.FONTS) <= named


def test_the_command_prints_writes_and_notes_what_changed(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for file in machine.files for word in ("--config", file)]
    words += [
        "--self-test",
        "--root",
        str(machine.root),
        "--inventory",
        str(tmp_path),
        "--out",
        str(tmp_path / "o"),
    ]
    assert check.main(words) == check.GOOD
    said = capsys.readouterr().out
    assert "good    certificate  until " in said and "absent  devices      cash: /dev/kiosk/coin1" in said
    report = json.loads((tmp_path / "o").read_text(encoding="utf-8"))
    assert {"checks", "inventory", "kiosk", "mode", "version", "boot"} <= set(report["self_test"])
    assert report["settings"][0] == {
        "name": "machine.kiosk",
        "value": "demo-0001",
        "source": f"{machine.files[0]}:5",
    }
    usb = machine.root / "sys/bus/usb/devices/1-1"
    usb.mkdir(parents=True)
    (usb / "idVendor").write_text("0403\n")
    assert check.main(words) == check.GOOD
    assert json.loads((tmp_path / "o").read_text(encoding="utf-8"))["self_test"]["inventory_changed"] is True
    assert check.main(words) == check.GOOD
    kept = (tmp_path / "inventory.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["inventory"]["usb"][:1] != [] for line in kept] == [False, True]
    machine.config.issuance.key.chmod(0o644)
    assert check.main([*words, "--quiet"]) == check.FOUND


def test_the_record_of_changes_is_bounded(tmp_path: Path) -> None:
    for number in range(inventory.KEPT + 5):
        inventory.keep({"usb": number}, tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    assert len((tmp_path / "inventory.jsonl").read_text().splitlines()) == inventory.KEPT
