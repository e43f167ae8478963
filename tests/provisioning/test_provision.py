"""kiosk-provision asks little, offers what is plugged in, and takes no answer that the installation would refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.machine import main as install_main
from provisioning.machine import profile as profiles
from provisioning.machine import provision
from provisioning.machine.provision import Desk
from provisioning.machine.texts import with_value

LOBBY = provision.PROFILES / "lobby.toml"


class Technician:
    """Answers in order; time passes only while they think."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.told: list[str] = []
        self.now_s = 0.0

    def read(self, words: str) -> str:
        self.asked.append(words)
        self.now_s += 4.0
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)

    @property
    def desk(self) -> Desk:
        return Desk(self.read, self.told.append, lambda: self.now_s)


@pytest.fixture
def sys_root(tmp_path: Path) -> Path:
    root = tmp_path / "sys"
    for name, address, state in (("lo", "00:00:00:00:00:00", ""), ("eno1", "aa:bb:cc:00:00:01", "up")):
        (root / "class/net" / name).mkdir(parents=True)
        (root / "class/net" / name / "address").write_text(address + "\n")
        (root / "class/net" / name / "operstate").write_text(state + "\n")
    (root / "class/net/eno1/device").mkdir()
    adapter = root / "bus/usb/devices/1-1.4"
    (adapter / "1-1.4:1.0/ttyUSB0").mkdir(parents=True)
    for key, text in (("idVendor", "0403"), ("idProduct", "6001"), ("product", "Adapter"), ("serial", "A7")):
        (adapter / key).write_text(text + "\n")
    return root


def run(technician: Technician, sys_root: Path, out: Path, *words: str) -> int:
    return provision.main(["--sys", str(sys_root), "--out", str(out), *words], technician.desk)


def test_a_lobby_takes_nine_answers_and_enter_takes_what_is_right(sys_root: Path, tmp_path: Path) -> None:
    technician = Technician("2", "lobby-0007", "1", "192.0.2.17/24", "", "", "1", "1-1.4", "n")
    assert run(technician, sys_root, tmp_path) == provision.ENDED
    assert len(technician.asked) == 9
    made = profiles.load([tmp_path / "lobby-0007.toml"])
    town = profiles.load([LOBBY])
    assert made.kiosk == "lobby-0007"
    assert [each.mac for each in made.interfaces] == ["aa:bb:cc:00:00:01", "02:00:00:00:00:02"]
    assert made.interfaces[0].address == "192.0.2.17/24"
    assert [(each.serial, each.port) for each in made.lines] == [("A7", ""), ("", "1-1.4")]
    assert (made.peers, made.devices, made.ups, made.config) == (
        town.peers,
        town.devices,
        town.ups,
        tuple(path.resolve() for path in town.config),
    )
    assert any("aa:bb:cc:00:00:01 (eno1, up)" in line for line in technician.told)
    assert "時計回り" in (tmp_path / "lobby-0007.toml").read_text(), "comments stay"


def test_a_second_reader_for_staff_is_asked_for_where_the_profile_has_one(
    sys_root: Path, tmp_path: Path
) -> None:
    lines = LOBBY.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("# [[usb]]"))
    lines[at : at + 5] = [line.removeprefix("# ") for line in lines[at : at + 5]]
    text = "\n".join(lines).replace("../config", str(LOBBY.resolve().parents[1] / "config"))
    (tmp_path / "template.toml").write_text(text, encoding="utf-8")
    profile = profiles.load([tmp_path / "template.toml"])
    reader = sys_root / "bus/usb/devices/1-2"
    (reader / "1-2:1.0").mkdir(parents=True)
    (reader / "1-2:1.0/bInterfaceClass").write_text("0b\n")
    for key, word in (("idVendor", "072f"), ("idProduct", "2200"), ("product", "Reader")):
        (reader / key).write_text(word + "\n")
    asked = provision.questions(profile, sys_root)
    assert [each.words for each in asked[-2:]] == [
        "職員用のカード読取機 / staff reader: USB vendor",
        "職員用のカード読取機 / staff reader: USB product",
    ]
    assert [each.offers for each in asked[-2:]] == [("072f (Reader, 1-2)",), ("2200 (Reader, 1-2)",)]
    made = text
    for each, answer in zip(asked[-2:], ("072f", "2200"), strict=True):
        made = with_value(made, each.key, answer)
    (tmp_path / "made.toml").write_text(made, encoding="utf-8")
    found = [
        each
        for each in profiles.load([tmp_path / "made.toml"]).devices
        if each.name == provision.STAFF_READER
    ]
    assert [(each.vendor, each.product, each.interfaces) for each in found] == [
        ("072f", "2200", ("0b:00:00",))
    ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("lobby_7", "letters, digits and - only"),
        ("ロビー", "another form"),
        ('x"\nshape = "mall', "of one line"),
        ("a" * 80, "another form"),
    ],
)
def test_a_wrong_answer_is_said_at_once_and_asked_again(
    sys_root: Path, tmp_path: Path, wrong: str, says: str
) -> None:
    technician = Technician(wrong, "lobby-0008", "", "999.0.2.1/24", "192.0.2.18/24")
    assert run(technician, sys_root, tmp_path, "--profile", str(LOBBY)) == provision.ENDED
    assert says in "\n".join(technician.told)
    assert "an address is expected" in "\n".join(technician.told)
    assert technician.asked[0] == technician.asked[1] and technician.asked[3] == technician.asked[4]
    assert list(tmp_path.glob("*.toml")) == [], "who ends in the middle has changed nothing"
    assert technician.told[-1].endswith("nothing was changed")


@pytest.mark.parametrize("example", sorted(provision.PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_enter_alone_gives_the_towns_own_profile(example: Path, sys_root: Path, tmp_path: Path) -> None:
    technician = Technician(*[""] * 20)
    run(technician, sys_root, tmp_path, "--profile", str(example))
    (made,) = tmp_path.glob("*.toml")
    assert profiles.load([made]).peers == profiles.load([example]).peers
    assert len(technician.asked) <= 9


def test_installing_shows_the_inventory_and_counts_the_hands(
    sys_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    technician = Technician(*[""] * 7, "y")
    calls: list[list[str]] = []

    def install(words: list[str]) -> int:
        calls.append(words)
        technician.now_s += 100.0
        return 0

    shown: Callable[[Desk, Path], None] = lambda desk, _: desk.write("inventory")  # noqa: E731
    monkeypatch.setattr(install_main, "main", install)
    monkeypatch.setattr(provision, "show", shown)
    code = run(technician, sys_root, tmp_path, "--profile", str(LOBBY), "--medium", "/medium")
    assert code == provision.DONE
    assert calls == [["--profile", str(tmp_path / "lobby-0001.toml"), "--root", "/", "--medium", "/medium"]]
    assert technician.told[-2:] == [
        "inventory",
        "8 questions, 32 s at the keyboard, 100 s of the machine's own / 質問・人の手・機械の時間",
    ]
