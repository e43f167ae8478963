"""A machine becomes one for classes and comes back: nothing of the other kind is left, says kiosk-check."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from kiosk import check
from kiosk.config import load
from kiosk.config_shape import Mode
from kiosk.errors import ConfigError
from kiosk.production import findings
from provisioning.machine import profile as profiles
from provisioning.machine.host import Host, SetupError
from provisioning.machine.leaving import Gone, Proven
from provisioning.machine.steps import STEPS, training
from provisioning.machine.wants import Madoguchi, Memory, TextFile, Want, undo

PROFILES = Path(__file__).resolve().parents[2] / "provisioning/profiles"
TRAINING = PROFILES / "training.toml"
CLASS = "var/lib/madoguchi/training/journal.db"
KEY = "var/lib/madoguchi/enrolment/device.key"
VPCD = "usr/lib/pcsc/drivers/serial/libifdvpcd.so"


@dataclass(frozen=True)
class Paper(Host):
    """A machine whose packages and units are words: what is enabled, what is installed; files are files."""

    enabled: set[str] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)

    def run(self, *command: str) -> str:
        match command:
            case ("dpkg-query", *_):
                return "".join(f"installed {each}\n" for each in self.packages)
            case ("apt-get", "remove", *words):
                self.packages.difference_update(words)
                self.path(f"/{VPCD}").unlink(missing_ok=True)
            case ("systemctl", _, _, "disable", *units):
                self.enabled.difference_update(units)
        return ""

    def is_good(self, *command: str) -> bool:
        if command[3] == "enable":
            self.enabled.add(command[4])
            return True
        return command[-1] in self.enabled


def make(host: Host, wants: list[Want]) -> Memory:
    memory = Memory(host)
    for want in wants:
        if want.differs(host):
            want.make(host, memory, "28-training")
        assert want.differs(host) == ""
    return memory


def put(host: Host, *names: str) -> None:
    for name in names:
        path = host.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("secret", encoding="utf-8")


def configuration(folder: Path, mode: str) -> list[Path]:
    """The step's own machine and town; as production with what production wants instead."""
    text = training.machine_text()
    if mode == "production":
        text = text.replace("training", "production").replace("allow_virtual = true", "allow_virtual = false")
        for old, new in (
            ("/run/bench/", "/dev/kiosk/"),
            ("127.0.0.1", "192.0.2.9"),
            ("localhost", "town.example"),
        ):
            text = text.replace(old, new)
        text = "\n".join(line for line in text.splitlines() if not line.startswith("authorities"))
    for name, each in (("machine.toml", text), ("town.toml", training.town_text())):
        (folder / name).write_text(each, encoding="utf-8")
    return [folder / "machine.toml", folder / "town.toml"]


def test_there_and_back(tmp_path: Path) -> None:
    host = Paper(tmp_path / "root", enabled={"kiosk.target"}, packages={"python3"})
    lesson, lobby = profiles.load([TRAINING]), profiles.load([PROFILES / "lobby.toml"])
    in_use = replace(lobby, config=tuple(configuration(tmp_path, "production")))
    put(
        host,
        KEY,
        "var/lib/madoguchi/enrolment/server-ca.pem",
        "var/lib/madoguchi/journal.db",
        "usr/sbin/.there",
    )
    config = load(configuration(tmp_path, "training"))
    assert config.machine.mode is Mode.TRAINING and findings(config, host.root)
    memory = make(host, list(training.clean(host, lesson)))
    assert findings(config, host.root) == () and not host.enabled
    assert (host.root / "var/lib/madoguchi/journal.db").read_text() == "secret", "the town's books stay"
    assert any("stays away" in words for words in undo(host, memory, "28-training"))
    assert host.enabled == {"kiosk.target"} and not (host.root / KEY).exists()
    # the class has been, the machine goes back
    put(host, CLASS, "etc/systemd/system/kiosk-sim.service", VPCD, training.UNIT_FILE[1:])
    host.packages.add("vsmartcard-vpcd")
    host.enabled.add(training.UNIT)
    real = load(configuration(tmp_path, "production"))
    assert len(findings(real, host.root)) == 4
    make(host, list(training.clean(host, in_use)))
    assert findings(real, host.root) == () and training.UNIT not in host.enabled


def test_a_key_that_goes_is_overwritten(tmp_path: Path) -> None:
    host = Paper(tmp_path)
    put(host, KEY)
    os.link(host.root / KEY, tmp_path / "copy")
    make(host, [Gone((f"/{KEY}",))])
    assert (tmp_path / "copy").read_bytes() == bytes(6)


def test_what_kiosk_check_refuses_is_named_and_nothing_is_made_of_it(tmp_path: Path) -> None:
    class Asked(Paper):
        def is_good(self, *command: str) -> bool:
            return self.said(*command) == ""

        def said(self, *command: str) -> str:
            words = [word for path in configuration(tmp_path, "training") for word in ("--config", str(path))]
            code = check.main([*words, "--root", str(self.root), "--quiet"])
            return {0: "", check.REFUSED: "REFUSED device-key: there\n"}[code]

    host, want = Asked(tmp_path / "root"), Proven(training.CHECK)
    assert want.differs(host) == ""
    put(host, KEY)
    assert want.differs(host) == "REFUSED device-key: there"
    with pytest.raises(SetupError, match="device-key"):
        want.make(host, Memory(host), "95-fit")


def test_the_steps_of_a_training_machine(tmp_path: Path) -> None:
    lesson = profiles.load([TRAINING])
    wants = {step.name: list(step.wanting(Host(tmp_path), lesson)) for step in STEPS}
    program, *links = wants["30-madoguchi"]
    assert program == Madoguchi(is_whole=True) and {type(each).__name__ for each in links} == {"Link"}
    assert wants["95-fit"] == [Proven(training.CHECK)]
    files = {each.path: each.text for each in wants["90-units"] if isinstance(each, TextFile)}
    assert set(files) == {training.UNIT_FILE} and "kiosk-sim up --training" in files[training.UNIT_FILE]
    lobby = profiles.load([PROFILES / "lobby.toml"])
    assert training.fit(Host(tmp_path), lobby) == [], "a demo machine may have all of it"


def test_a_medium_for_the_appliance_makes_no_machine_for_classes(tmp_path: Path) -> None:
    wheel = tmp_path / "wheels" / "madoguchi-0.1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    for name, says in (
        ("kiosk/money.py", "make medium ARGS=--demo"),
        ("drivers/simpanel/up.py", "is missing"),
    ):
        with zipfile.ZipFile(wheel, "w") as file:
            file.writestr(name, "")
        host, want = Host(tmp_path / "root", medium=tmp_path), Madoguchi(is_whole=True)
        if says == "is missing":
            assert says in want.differs(host)
        else:
            with pytest.raises(SetupError, match=says):
                want._own_wheel(host)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('training = true\nconfig = ["a.toml", "b.toml"]', "of config the town's file only"),
        ('training = true\nbundle_key = "town.pem"', "no server_ca and no bundle_key"),
        ("training = true", "it may not reach ntp.town.example"),
    ],
)
def test_a_training_machine_reaches_nothing_real(tmp_path: Path, line: str, says: str) -> None:
    text = TRAINING.read_text(encoding="utf-8").replace("training = true", line, 1)
    (tmp_path / "town.pem").touch()
    if "reach" in says:
        text = text.replace('purpose = "time"', 'purpose = "issuance"')
    (tmp_path / "profile.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        profiles.load([tmp_path / "profile.toml"])
