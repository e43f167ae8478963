"""A profile is read strictly, and what follows from it is exactly what it says."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from issuance import pki
from issuance.clock import SystemClock
from kiosk.errors import ConfigError
from provisioning.machine import profile as profiles
from provisioning.machine.host import Host
from provisioning.machine.profile import Profile
from provisioning.machine.steps import STEPS, display, kiosk, network, upkeep
from provisioning.machine.wants import Accepted, Folder, TextFile

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "provisioning/profiles").glob("*.toml"))
LOBBY = ROOT / "provisioning/profiles/lobby.toml"


@pytest.fixture
def lobby() -> Profile:
    return profiles.load([LOBBY])


def with_line(tmp_path: Path, old: str, new: str) -> Path:
    text = LOBBY.read_text(encoding="utf-8")
    assert old in text
    changed = tmp_path / "profile.toml"
    changed.write_text(text.replace(old, new, 1), encoding="utf-8")
    return changed


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_whole(example: Path, tmp_path: Path) -> None:
    profile = profiles.load([example])
    wanted = [want for step in STEPS for want in step.wanting(Host(tmp_path), profile)]
    paths = [want.path for want in wanted if isinstance(want, TextFile)]
    assert len(paths) == len(set(paths)), "two steps want one file"
    assert len(paths) > 25


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('shape = "lobby"', 'shape = "cellar"', "machine.shape: one of lobby, branch, mall, vehicle"),
        ('kiosk = "lobby-0001"', 'kiosk = "lobby_1"', "host name"),
        ("rotation = 90", "rotation = 45", "display.rotation: one of 0, 90, 180, 270"),
        ('mac = "02:00:00:00:00:01"', 'mac = "eth0"', "interface[1].mac"),
        ('address = "192.0.2.20"', 'address = "issuance.town.example"', "an address is expected, not a name"),
        ("port = 8443", "port = 0", "peer[1].port"),
        ('purpose = "issuance"', 'purpose = "fun"', "peer[1].purpose: one of"),
        ('net = "payment"                     #', 'net = "issuance" #', "two [[interface]] of one net"),
        ('serial = "EXAMPLE1"\n', "", "a serial number or a USB port is expected"),
        ('name = "receipt1"', 'name = "coin1"', "two [[line]] have the same name"),
        ('name = "printer.town.example"', 'name = "issuance.town.example"', "has two addresses"),
        ('interfaces = ["0b:00:00"]', 'interfaces = ["all"]', "usb[1].interfaces"),
        ('driver = "usbhid-ups"', 'driver = "usbhid-ups"\nvolt = 12', "ups.volt: unknown key"),
        ("[ups]", "[upss]", "upss: unknown table"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        profiles.load([with_line(tmp_path, old, new)])
    assert says in str(caught.value)
    assert "profile.toml" in str(caught.value)


def test_a_second_net_that_has_no_card_is_refused(tmp_path: Path) -> None:
    changed = with_line(
        tmp_path, '[[interface]]\nnet = "payment"', '[[interface_of_another]]\nnet = "payment"'
    )
    with pytest.raises(ConfigError, match="interface"):
        profiles.load([changed])


def test_the_firewall_lets_out_what_is_named_and_nothing_in(lobby: Profile) -> None:
    rules = network.firewall(lobby).splitlines()
    accepts = [line.strip() for line in rules if "accept" in line and "comment" in line]
    assert len(accepts) == len(lobby.peers)
    assert (
        'oifname "issuance" ip daddr 192.0.2.20 tcp dport 8443 accept comment "the issuance server"'
        in accepts
    )
    assert not any(line.startswith("iifname") and "lo" not in line for line in accepts)
    assert sum("policy drop" in line for line in rules) == 3


def test_the_staffs_panel_may_come_in_from_its_address_only(tmp_path: Path) -> None:
    changed = with_line(tmp_path, 'purpose = "logs"', 'purpose = "staff"')
    rules = network.firewall(profiles.load([changed]))
    assert (
        'iifname "issuance" ip saddr 192.0.2.41 tcp dport 6514 accept comment "the staff\'s panel"' in rules
    )
    assert "daddr 192.0.2.41" not in rules


@pytest.mark.system
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_nftables_understands_it(example: Path, tmp_path: Path) -> None:
    file = tmp_path / "nftables.conf"
    file.write_text(network.firewall(profiles.load([example])), encoding="utf-8")
    command = ["unshare", "--net", "nft", "--check", "--file", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_adapter_is_named_by_its_number_or_its_socket(lobby: Profile) -> None:
    rules = kiosk.udev_rules(lobby.lines, lobby.ten_key).splitlines()
    assert 'ATTRS{serial}=="EXAMPLE1"' in rules[1] and 'SYMLINK+="kiosk/coin1"' in rules[1]
    assert 'DEVPATH=="*/1-1.2/*"' in rules[2] and "ATTRS{serial}" not in rules[2]


def test_the_ten_key_is_the_card_processes_alone(lobby: Profile, tmp_path: Path) -> None:
    *_, rule = kiosk.udev_rules(lobby.lines, lobby.ten_key).splitlines()
    assert 'SYMLINK+="kiosk/tenkey"' in rule and 'GROUP="kiosk-card", MODE="0640"' in rule
    assert 'ATTRS{idVendor}=="04d9"' in rule and 'ENV{LIBINPUT_IGNORE_DEVICE}="1"' in rule
    assert len(kiosk.udev_rules(lobby.lines).splitlines()) == 1 + len(lobby.lines)
    half = tmp_path / "half.toml"
    half.write_text(LOBBY.read_text(encoding="utf-8").replace('product = "1203"\n\n[ups]', "\n[ups]"))
    with pytest.raises(ConfigError, match="vendor and product, or neither"):
        profiles.load([half])


def test_a_tpm_is_the_cores_alone_and_its_units_stay_closed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"machine\.tpm: a \[\[peer\]\] for logs"):
        profiles.load([with_line(tmp_path, "# tpm = true", "tpm = true")])
    text = (tmp_path / "profile.toml").read_text(encoding="utf-8")
    logs = text.index('[[peer]]\nname = "syslog')
    text = text[:logs] + text[text.index("[[peer]]", logs + 1) :]
    text = text.replace("../config", str(ROOT / "provisioning/config"))
    (tmp_path / "profile.toml").write_text(text, encoding="utf-8")
    profile = profiles.load([tmp_path / "profile.toml"])
    wanted = [want for step in STEPS for want in step.wanting(Host(tmp_path), profile)]
    files = {want.path: want.text for want in wanted if isinstance(want, TextFile)}
    assert 'GROUP="kiosk-core", MODE="0660"' in files["/etc/udev/rules.d/64-madoguchi-tpm.rules"]
    for name in kiosk.TPM_UNITS:
        unit = tmp_path / name
        unit.write_text((ROOT / "systemd/system" / name).read_text() + kiosk.TPM_DROP_IN)
        assert files[f"/etc/systemd/system/{name}.d/tpm.conf"] == kiosk.TPM_DROP_IN
        said = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=15", str(unit)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert said.returncode == 0, said.stdout


def test_usbguard_allows_the_named_with_their_interfaces_and_refuses_the_rest(lobby: Profile) -> None:
    rules = kiosk.usb_rules(lobby.devices).splitlines()
    assert rules[-1] == "reject"
    assert "allow id 04e6:5816 with-interface equals { 0b:00:00 } # card reader" in rules
    assert all(line.startswith("allow ") for line in rules[:-1])
    assert len(rules) == len(lobby.devices) + 2


def test_keys_are_made_in_a_folder_of_the_cores_whoever_is_believed(lobby: Profile) -> None:
    """kiosk-enrol makes a key as the folder's owner: one of root's could not be read by the core afterwards."""
    assert lobby.server_ca is None
    wanted = list(kiosk.configuration(Host(), lobby))
    assert Folder("/var/lib/madoguchi/enrolment", 0o700, "kiosk-core:kiosk-core") in wanted


def test_the_machine_has_one_name_and_the_profile_gives_it(lobby: Profile) -> None:
    (accepted,) = (want for want in kiosk.configuration(Host(), lobby) if isinstance(want, Accepted))
    machine, town = (file.text for file in accepted.files)
    assert 'kiosk = "lobby-0001"' in machine.splitlines() and "demo-0001" not in machine
    assert town == (ROOT / "provisioning/config/town.demo.toml").read_text(encoding="utf-8")


def test_the_screens_start_again_when_a_panel_comes_after_the_rules_that_say_what_it_is(
    lobby: Profile,
) -> None:
    rules = {want.path: want.text for want in display.display(Host(), lobby) if isinstance(want, TextFile)}
    names = [Path(path).name for path in rules if path.startswith("/etc/udev/rules.d/")]
    assert names == ["61-madoguchi-touch.rules", "63-madoguchi-panel.rules"], "62: the five keys"
    lines = rules["/etc/udev/rules.d/63-madoguchi-panel.rules"].splitlines()
    came = lines.index('LABEL="kiosk_came"')
    assert lines[came + 1] == 'RUN+="/usr/bin/systemctl --no-block try-restart kiosk-ui.service"'
    assert lines[came - 1] == 'GOTO="kiosk_known"', "nothing else falls through"
    assert 'ENV{ID_INPUT_TOUCHSCREEN}=="1", GOTO="kiosk_came"' in lines[:came]


def test_security_events_leave_by_tls_to_the_named_server_only(lobby: Profile) -> None:
    (text,) = (each.text for each in logs_files(lobby) if each.path == "/etc/rsyslog.conf")
    assert 'target="syslog.town.example" port="6514" protocol="tcp" TCP_Framing="octet-counted"' in text
    assert 'StreamDriverPermittedPeers="syslog.town.example"' in text
    assert 'StreamDriverMode="1" StreamDriverAuthMode="x509/name"' in text
    assert 'DefaultNetstreamDriverCAFile="/var/lib/madoguchi/enrolment/server-ca.pem"' in text
    assert 'DefaultNetstreamDriverKeyFile="/var/lib/madoguchi/enrolment/device.key"' in text


def logs_files(profile: Profile) -> list[TextFile]:
    return [
        want
        for want in upkeep.logs(Host(Path("/nowhere"), checkout=ROOT), profile)
        if isinstance(want, TextFile)
    ]


def test_the_log_server_may_have_an_authority_of_its_own(tmp_path: Path) -> None:
    pki.make_authority(tmp_path, SystemClock().now())
    authority = (tmp_path / "ca.pem").read_text()
    changed = with_line(tmp_path, '# logs_ca = "town-logs-ca.pem"', 'logs_ca = "ca.pem"')
    files = {each.path: each.text for each in logs_files(profiles.load([changed]))}
    assert files["/etc/madoguchi/logs-ca.pem"] == authority
    assert 'DefaultNetstreamDriverCAFile="/etc/madoguchi/logs-ca.pem"' in files["/etc/rsyslog.conf"]
    (tmp_path / "old").mkdir()
    pki.make_authority(tmp_path / "old", datetime(2000, 1, 1, tzinfo=UTC))
    expired = (tmp_path / "old/ca.pem").read_text()
    for wrong, says in (
        ("no certificate at all", "no certificate of an authority"),
        (expired, "has expired"),
    ):
        (tmp_path / "ca.pem").write_text(wrong)
        with pytest.raises(ConfigError, match=f"machine.logs_ca: .*{says}"):
            profiles.load([changed])


def test_without_a_purpose_there_is_no_service_for_it(tmp_path: Path, lobby: Profile) -> None:
    bare = profiles.load([with_line(tmp_path, 'purpose = "updates"', 'purpose = "printer"')])
    assert upkeep.updates(Host(tmp_path), bare) == []
    assert upkeep.updates(Host(tmp_path), lobby) != []


@pytest.mark.skipif(os.geteuid() != 0, reason="it asks for root itself")
def test_a_profile_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    changed = with_line(tmp_path, 'shape = "lobby"', 'shape = "cellar"')
    root = tmp_path / "root"
    root.mkdir()
    command = [str(ROOT / "provisioning/install"), "--profile", str(changed), "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert done.stderr.startswith("refused: ")
    assert list(root.iterdir()) == []


AUDIO = """
[audio]
speaker = "plughw:CARD=PCH,DEV=0"
headphones = "plughw:CARD=Device,DEV=0"
jack = "USB Audio Device Headphone"
handset = "plughw:CARD=Phone,DEV=0"
hook = "gpio-keys"
hook_code = "sw:5:inverted"

[five_keys]
vendor = "2047"
product = "0ad0"
"""


def test_a_machine_that_speaks_names_its_sound_its_jack_and_its_keys(lobby: Profile, tmp_path: Path) -> None:
    assert lobby.audio is None and kiosk.voice(None, lobby) == []  # type: ignore[arg-type]
    path = tmp_path / "speaks.toml"
    plain = EXAMPLES[0].read_text(encoding="utf-8")
    path.write_text(plain + AUDIO, encoding="utf-8")
    spoken = profiles.load([path])
    keys, jack, hook = kiosk.hands_rules(spoken.five_keys, spoken.audio).splitlines()[1:]
    assert 'ENV{LIBINPUT_IGNORE_DEVICE}="0"' in keys and 'ATTRS{idVendor}=="2047"' in keys
    assert 'SYMLINK+="kiosk/jack"' in jack and 'GROUP="kiosk-ears", MODE="0640"' in jack
    assert 'ATTRS{name}=="gpio-keys"' in hook
    texts = [each.text for each in kiosk.voice(None, spoken)[1:]]  # type: ignore[arg-type, attr-defined]
    assert "kiosk-voice --speaker-device plughw:CARD=PCH,DEV=0 --headphones-jack /dev/kiosk/jack" in texts[0]
    assert "--handset /dev/kiosk/hook:sw:5:inverted" in texts[0] and "--speaker-device" not in texts[1]
    for wrong in (
        'jack = "USB Audio Device Headphone"\n',
        'hook = "gpio-keys"\n',
        'speaker = "plughw:CARD=PCH,DEV=0"\n',
    ):
        path.write_text(plain + AUDIO.replace(wrong, ""), encoding="utf-8")
        with pytest.raises(ConfigError):
            profiles.load([path])
