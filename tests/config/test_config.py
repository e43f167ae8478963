"""The configuration: what is read, and how everything else is refused, by file, line and key."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from drivers import registry
from drivers.simpanel import demo_config
from kiosk.config import Flow, Mask, Mode, load
from kiosk.daemon.wiring import setup_of
from kiosk.errors import ConfigError
from kiosk.money import Denomination, Yen
from kiosk.services.plan import Policy
from kiosk.strict_toml import Document, key_lines
from kiosk.view import Role
from tests.issuance.people import Authority

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "provisioning" / "config"
MACHINE = EXAMPLES / "machine.demo.toml"
TOWN = EXAMPLES / "town.demo.toml"

SMALL_MACHINE = """\
[machine]
kiosk = "k1"
mode = "demo"

[issuance]
url = "https://server.example"
server_ca = "/e/ca.pem"
certificate = "/e/device.pem"
key = "/e/device.key"
manifest_key = "/e/manifest.pem"
"""
SMALL_TOWN = """\
[town]
name = { ja = "例示市" }
place = { ja = "市民課" }
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    machine, town = tmp_path / "machine.toml", tmp_path / "town.toml"
    machine.write_text(SMALL_MACHINE, encoding="utf-8")
    town.write_text(SMALL_TOWN, encoding="utf-8")
    return machine, town


def test_the_examples_are_good() -> None:
    config = load([MACHINE, TOWN])
    assert config.machine.mode is Mode.DEMO and config.machine.flow is Flow.KONBINI
    assert config.equipment.hoppers["hopper100"] is Denomination.COIN100
    assert {each.id: each.driver for each in config.devices} == {
        "card": "card_service",
        "cash": "cctalk",
        "certificate1": "ipp",
        "notes": "id003",
        "receipt1": "escpos",
        "reader1": "read",
    }
    assert config.town.name["ja"] == "例示市"
    assert config.town.cash_max == Yen(200_000)


@pytest.mark.parametrize("folder", [EXAMPLES, ROOT / "drivers" / "simpanel" / "demo"], ids=str)
def test_the_drivers_take_the_examples_options(folder: Path) -> None:
    for device in load(sorted(folder.glob("*.toml"))).devices:
        assert registry.driver(device.driver)(device.id, device.options, lambda _: None).devices


def test_the_smallest_configuration_has_sensible_defaults(files: tuple[Path, Path]) -> None:
    config = load(files)
    assert config.machine.flow is Flow.KONBINI
    assert config.paths.journal == Path("/var/lib/madoguchi/journal.db")
    assert config.sockets.users == {Role.RESIDENT: "kiosk-ui", Role.ASSISTANT: "kiosk-assist"}
    assert config.timeouts.answer == 30.0
    assert config.town.mask is Mask.FIRST_CHARACTER
    assert config.devices == ()


def test_a_town_may_want_the_face_too(files: tuple[Path, Path], tmp_path: Path) -> None:
    local = tmp_path / "local.toml"
    local.write_text(
        '[identity]\ncertificate = "pin+face"\nface_threshold = 0.45\nstaff_look = true\n'
        '[equipment]\ncamera = "camera1"\n[[device]]\nid = "camera1"\ndriver = "face"\n'
    )
    assert load(files).identity.certificate is Policy.PIN
    setup = setup_of(load([*files, local]))
    assert setup.plan.wants_face and setup.has_assistant
    assert (setup.camera, setup.face_threshold, setup.face_checks) == ("camera1", 0.45, 2)


def test_the_core_knows_whether_its_printer_prints_backs(files: tuple[Path, Path]) -> None:
    assert setup_of(load(files)).sides == "one-sided"
    device = (
        '\n[[device]]\nid = "certificate1"\ndriver = "ipp"\noptions = { sides = "two-sided-long-edge" }\n'
    )
    files[0].write_text(SMALL_MACHINE + device, encoding="utf-8")
    assert setup_of(load(files)).sides == "two-sided-long-edge"
    files[0].write_text(SMALL_MACHINE + device.replace("certificate1", "other1"), encoding="utf-8")
    assert setup_of(load(files)).sides == "one-sided"


def test_every_value_says_where_it_came_from(files: tuple[Path, Path]) -> None:
    machine, town = files
    found = {each.name: (each.value, each.source) for each in load(files).effective()}
    assert found["machine.kiosk"] == ("k1", f"{machine}:2")
    assert found["issuance.key"] == ("/e/device.key", f"{machine}:9")
    assert found["town.place"] == ("{ja = 市民課}", f"{town}:3")
    assert found["town.cash_max"] == ("200000", "default")


def test_the_later_file_stands(files: tuple[Path, Path], tmp_path: Path) -> None:
    local = tmp_path / "local.toml"
    local.write_text('[machine]\nflow = "kind_first"\n\n[[device]]\nid = "x"\ndriver = "ipp"\n')
    config = load([*files, local])
    assert config.machine.flow is Flow.KIND_FIRST and config.machine.kiosk == "k1"
    assert [each.id for each in config.devices] == ["x"]
    assert ("machine.flow", f"{local}:2") in [(each.name, each.source) for each in config.effective()]


REFUSED = {
    "an unknown key": (
        'mode = "demo"',
        'mode = "demo"\nmodus = 1',
        "machine.toml:4: machine.modus: unknown key",
    ),
    "an unknown table": ("[issuance]", "[issuanze]", "missing"),
    "another unknown table": (
        "[machine]",
        "[extra]\na = 1\n\n[machine]",
        "machine.toml:1: extra: unknown table",
    ),
    "a value outside a table": ("[machine]", "a = 1\n[machine]", "machine.toml:1: a: stands outside a table"),
    "a missing key": ('kiosk = "k1"\n', "", "machine.kiosk: missing"),
    "a wrong choice": (
        '"demo"',
        '"Demo"',
        "machine.toml:3: machine.mode: one of demo, training, production is expected",
    ),
    "a wrong type": ('"demo"', "1", "machine.toml:3: machine.mode: a text is expected"),
    "a wrong form": ('"k1"', '"k 1"', "machine.toml:2: machine.kiosk: a text of another form"),
    "a newline in a text": ('"k1"', '"k1\\n"', "machine.toml:2: machine.kiosk"),
    "a relative path": ('"/e/ca.pem"', '"ca.pem"', "machine.toml:7: issuance.server_ca: an absolute path"),
    "a key in a TPM": (
        '"/e/device.key"',
        '"tpm:0x81010001"',
        "issuance.key: a handle: a file is expected",
    ),
    "a key at no absolute place": (
        '"/e/device.key"',
        '"d.key"',
        "issuance.key: an absolute path is expected",
    ),
    "plain http": ("https://", "http://", "machine.toml:6: issuance.url"),
    "an array for a table": ("[machine]", "[[machine]]", "[machine] is expected, not [[machine]]"),
    "not TOML": ("[machine]", "[machine", "not TOML"),
    "a number too small": (
        "[machine]",
        "[timeouts_s]\nanswer = 19\n[machine]",
        "timeouts_s.answer: between 20 and",
    ),
    "a number that is none": ("[machine]", "[timeouts_s]\nanswer = nan\n[machine]", "timeouts_s.answer"),
    "true for a number": (
        "[machine]",
        "[town]\nmax_lines = true\n[machine]",
        "town.max_lines: a whole number is expected",
    ),
    "a fraction for a count": (
        "[machine]",
        "[town]\nmax_lines = 9.0\n[machine]",
        "town.max_lines: a whole number",
    ),
    "a face twice": (
        "[machine]",
        '[equipment]\nfaces = ["coin10", "coin10"]\n[machine]',
        "each once is expected",
    ),
    "an unknown face": ("[machine]", '[equipment]\nfaces = ["coin20"]\n[machine]', "equipment.faces: one of"),
    "an unknown hopper face": (
        "[machine]",
        '[equipment]\nhoppers = { h = "x" }\n[machine]',
        "equipment.hoppers",
    ),
    "one user for two roles": ("[machine]", '[roles]\nassistant = "kiosk-ui"\n[machine]', "one role only"),
    "a socket path too long": ("[machine]", f'[sockets]\nview = "/{"x" * 120}"\n[machine]', "107 bytes"),
    "the same device twice": (
        "[machine]",
        '[[device]]\nid = "a"\ndriver = "b"\n[[device]]\nid = "a"\ndriver = "b"\n[machine]',
        "two devices have the same id",
    ),
    "a certificate by face alone": (
        "[machine]",
        '[identity]\ncertificate = "face"\n[machine]',
        "machine.toml:2: identity.certificate: a certificate needs the card's PIN; `face` alone is for forms",
    ),
    "a face without a camera": (
        "[machine]",
        '[identity]\ncertificate = "pin+face"\n[machine]',
        "machine.toml:2: identity.certificate: `pin+face` needs a camera",
    ),
    "a threshold that takes anybody": (
        "[machine]",
        "[identity]\nface_threshold = 0.9\n[machine]",
        "identity.face_threshold: between 0.3 and 0.6",
    ),
    "a key of the second device": (
        "[machine]",
        '[[device]]\nid = "a"\ndriver = "b"\n[[device]]\nid = "c"\ndriver = "b"\nport = 1\n[machine]',
        "machine.toml:7: device[2].port: unknown key",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_we_do_not_know_is_refused_by_file_line_and_key(files: tuple[Path, Path], what: str) -> None:
    old, new, message = REFUSED[what]
    assert old in SMALL_MACHINE
    files[0].write_text(SMALL_MACHINE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(files)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("languages = []", "languages"),
        ('languages = ["ja", "Japanese"]', "languages"),
        ('hours = { en = "always" }', "the Japanese text is missing"),
        ('phone = "call us"', "phone"),
        ("max_wrong_tries = 3", "max_wrong_tries"),
        ("cash_max = -1", "cash_max"),
        ('mask = "all"', "mask"),
        ("due_max = 1", "due_max"),
    ],
)
def test_a_town_is_read_as_strictly(files: tuple[Path, Path], line: str, message: str) -> None:
    files[1].write_text(SMALL_TOWN + line + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"town.toml:\d+: town.*{message}"):
        load(files)


@pytest.mark.parametrize(
    "option",
    [
        'port = "/run/kiosk/sim/cctalk"',
        'port = "socket://localhost:1"',
        'url = "ipp://127.0.0.1:8631/x"',
        'host = "::1"',
        'hoppers = [{ port = "/run/kiosk/sim/x" }]',
        "allow_virtual = true",
    ],
)
def test_a_production_machine_takes_no_simulator(files: tuple[Path, Path], option: str) -> None:
    device = f'[[device]]\nid = "a"\ndriver = "b"\n[device.options]\n{option}\n'
    files[0].write_text(SMALL_MACHINE + device)
    load(files)
    files[0].write_text(SMALL_MACHINE.replace("demo", "production") + device)
    with pytest.raises(ConfigError, match=r"device\[1\].options: a production machine takes no simulator"):
        load(files)
    files[0].write_text(SMALL_MACHINE.replace("demo", "production"))
    load(files)
    files[0].write_text(
        SMALL_MACHINE.replace("demo", "production").replace("server.example", "localhost:8443")
    )
    with pytest.raises(ConfigError, match="url"):
        load(files)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load([tmp_path / "none.toml"])
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not TOML"):
        load([tmp_path / "bad.toml"])
    with pytest.raises(ConfigError, match="missing"):
        load([])


def test_roles_follow_the_users_of_this_machine(files: tuple[Path, Path]) -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    files[1].write_text(SMALL_TOWN + f'[roles]\nresident = "{me}"\nassistant = "nobody-of-this-name"\n')
    sockets = load(files).sockets
    with pytest.raises(ConfigError, match="nobody-of-this-name"):
        sockets.roles()
    files[1].write_text(SMALL_TOWN + f'[roles]\nresident = "{me}"\nassistant = "daemon"\n')
    assert load(files).sockets.roles()[os.geteuid()] is Role.RESIDENT


@given(st.text(max_size=400))
def test_finding_lines_never_fails(text: str) -> None:
    assert all(1 <= line <= len(text.splitlines()) for line in key_lines(text).values())


def test_lines_are_those_a_person_would_point_at() -> None:
    text = 'a = 1\n\n[b]\nc = 2\nd.e = 3\n\n[[f]]\ng = 4\n[f.h]\ni = 5\n[[f]]\n"g" = 6\n'
    lines = key_lines(text)
    assert lines[("a",)] == 1
    assert (lines[("b",)], lines[("b", "c")], lines[("b", "d")], lines[("b", "d", "e")]) == (3, 4, 5, 5)
    assert (lines[("f", 0, "g")], lines[("f", 0, "h")], lines[("f", 0, "h", "i")], lines[("f", 1, "g")]) == (
        8,
        9,
        10,
        12,
    )


def test_a_number_is_no_flag(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("[x]\nis_on = 1\nis_off = false\n", encoding="utf-8")
    table = Document([file]).table("x")
    assert table.flag("is_off") is False and table.flag("is_missing", True) is True
    with pytest.raises(ConfigError, match="true or false is expected"):
        table.flag("is_on")


BRAND = """
[[brand]]
key = "edy"
kind = "emoney"
device = "terminal1"
name = { ja = "楽天Edy" }
void = "never"
incomplete = "touch_again"

[[brand]]
key = "credit"
kind = "credit"
device = "terminal1"
name = { ja = "クレジット" }
void = "days"
incomplete = "not_made"
"""


def test_brands_are_data_and_what_cannot_be_voided_may_be_refused(files: tuple[Path, Path]) -> None:
    _, town = files
    town.write_text(SMALL_TOWN + BRAND, encoding="utf-8")
    assert [each.key for each in load(files).town.brands] == ["edy", "credit"]
    town.write_text(SMALL_TOWN + BRAND + "[cashless]\nrefuse_final = true\n", encoding="utf-8")
    assert [each.key for each in load(files).town.brands] == ["credit"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('key = "edy"', 'key = "credit"', "same key"),
        ('key = "edy"', 'key = "cash"', "no brand"),
        ('void = "never"', 'void = "sometimes"', "void"),
        ('name = { ja = "楽天Edy" }', 'name = { en = "Edy" }', "Japanese"),
        ('incomplete = "touch_again"', 'incomplete = "touch_again"\ncolour = "red"', "colour"),
    ],
)
def test_a_brand_is_read_as_strictly(files: tuple[Path, Path], before: str, after: str, message: str) -> None:
    files[1].write_text(SMALL_TOWN + BRAND.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load(files)


def test_something_taxable_needs_the_issuers_number(files: tuple[Path, Path]) -> None:
    taxable = '[[taxable]]\nkind = "folder"\npercent = 10\n'
    files[1].write_text(SMALL_TOWN + taxable, encoding="utf-8")
    with pytest.raises(ConfigError, match="invoice"):
        load(files)
    files[1].write_text(SMALL_TOWN + 'invoice = "T1234567890123"\n' + taxable, encoding="utf-8")
    assert load(files).town.taxes == {"folder": 10}


def test_a_machine_without_the_terminal_has_not_the_brand(files: tuple[Path, Path]) -> None:
    device = '\n[[device]]\nid = "terminal1"\ndriver = "cashless"\n'
    files[1].write_text(SMALL_TOWN + BRAND, encoding="utf-8")
    assert setup_of(load(files)).brands == ()
    files[0].write_text(SMALL_MACHINE + device, encoding="utf-8")
    brands = setup_of(load(files)).brands
    assert [(each.key, each.is_final) for each in brands] == [("edy", True), ("credit", False)]
    assert brands[0].name("ja") == brands[0].name("en") == "楽天Edy"


def test_the_demo_towns_brands_are_good(tmp_path: Path) -> None:
    there = tmp_path / "staff-ca.pem"  # the run makes it as it starts
    there.write_bytes(Authority().certificate.public_bytes(Encoding.PEM))
    for name, text in demo_config.files(demo_config.Shape(has_cashless=True)).items():
        there_text = text.replace("/run/sim/state/core/enrolment/staff-ca.pem", str(there))
        (tmp_path / name).write_text(there_text, encoding="utf-8")
    config = load([tmp_path / name for name in demo_config.NAMES])
    assert len(setup_of(config).brands) == 8
    for device in config.devices:
        registry.driver(device.driver)(device.id, device.options, print)


TWO_READERS = """
[equipment]
staff_reader = "staffcard"
[[device]]
id = "card"
driver = "card_service"
[[device]]
id = "staffcard"
driver = "card_service"
options = { reader = "ACR1252" }
"""


def test_a_second_reader_for_staff_is_kept_from_the_residents(files: tuple[Path, Path]) -> None:
    machine, _ = files
    machine.write_text(SMALL_MACHINE + TWO_READERS, encoding="utf-8")
    config = load(files)
    assert setup_of(config).staff_reader == "staffcard"
    options = {each.id: dict(each.options) for each in config.devices}
    assert options == {"card": {"not_reader": "ACR1252"}, "staffcard": {"reader": "ACR1252"}}
    for device in config.devices:
        registry.driver(device.driver)(device.id, device.options, print)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('"staffcard"\n[[device]]\nid = "card"', '"card"\n[[device]]\nid = "card"', "itself"),
        ('staff_reader = "staffcard"', 'staff_reader = "other"', "wants a"),
        ('id = "card"\n', 'id = "cards"\n', "wants a"),
        ('options = { reader = "ACR1252" }', "", "part of its name"),
        ('id = "staffcard"\ndriver = "card_service"', 'id = "staffcard"\ndriver = "ipp"', "part of its name"),
        (
            '"card_service"\n[[',
            '"card_service"\noptions = { reader = "ACS ACR1252" }\n[[',
            "one of the staff",
        ),
    ],
)
def test_two_readers_that_could_be_one_are_refused(
    files: tuple[Path, Path], before: str, after: str, why: str
) -> None:
    machine, _ = files
    assert before in TWO_READERS
    machine.write_text(SMALL_MACHINE + TWO_READERS.replace(before, after), encoding="utf-8")
    with pytest.raises(ConfigError, match=why):
        load(files)


CODE = """
[[sealed_code]]
holder = "{holder}"
role = "{role}"
salt = "{salt}"
key = "{key}"
"""
STAFF = """
[[staff]]
id = "t-1"
role = "technician"
user = ""
"""


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        ([{"holder": "t-1"}, {"holder": "t-1", "key": "b" * 64}], "one person has one"),
        ([{"holder": "t-1"}, {"holder": "t-2"}], "no two are the same"),
        ([{"role": "assistant"}], "one of"),
        ([{"role": "cash_officer"}], "another role"),
        ([{"key": "1234567812345678"}], "key"),
        ([{"holder": f"t-{n}", "key": f"{n:064x}"} for n in range(9)], "at most 8"),
    ],
)
def test_sealed_codes_that_would_open_too_much_are_refused(
    files: tuple[Path, Path], codes: list[dict[str, str]], why: str
) -> None:
    usual = {"holder": "t-1", "role": "technician", "salt": "0" * 32, "key": "a" * 64}
    machine, _ = files
    machine.write_text(SMALL_MACHINE + STAFF + CODE.format(**usual), encoding="utf-8")
    assert [each.holder for each in setup_of(load(files)).seals] == ["t-1"]
    text = "".join(CODE.format(**{**usual, **each}) for each in codes)
    machine.write_text(SMALL_MACHINE + STAFF + text, encoding="utf-8")
    with pytest.raises(ConfigError, match=why):
        load(files)


CHANGER = """
[equipment]
changer = "changer1"
faces = ["coin100", "note1000", "note5000"]
[equipment.hoppers]
stack100 = "coin100"
stack1000 = "note1000"
"""


def test_a_change_machine_is_the_only_cash(files: tuple[Path, Path]) -> None:
    machine, _ = files
    machine.write_text(SMALL_MACHINE + CHANGER, encoding="utf-8")
    setup = setup_of(load(files))
    assert (setup.acceptor, setup.has_changer, setup.note_acceptor) == ("changer1", True, "")
    assert [each.denomination for each in setup.hoppers] == [Denomination.COIN100, Denomination.NOTE1000]


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ('changer = "changer1"', 'changer = "changer1"\nnote_acceptor = "note1"', "changer"),
        ('changer = "changer1"', 'changer = "changer1"\nacceptor = "coin1"', "changer"),
        ('stack1000 = "note1000"', 'stack1000 = "coin100"', "hoppers"),
    ],
)
def test_a_change_machine_has_nothing_beside_it(
    files: tuple[Path, Path], before: str, after: str, key: str
) -> None:
    machine, _ = files
    machine.write_text(SMALL_MACHINE + CHANGER.replace(before, after), encoding="utf-8")
    with pytest.raises(ConfigError, match=key):
        load(files)


@pytest.mark.parametrize(
    ("void", "days", "is_good"), [("days", 14, True), ("days", 0, True), ("last", 14, False)]
)
def test_days_of_a_void_belong_to_that_rule(
    files: tuple[Path, Path], void: str, days: int, is_good: bool
) -> None:
    _, town = files
    brand = f"""
[[brand]]
key = "waon"
kind = "emoney"
device = "terminal1"
name = {{ ja = "WAON" }}
void = "{void}"
void_days = {days}
incomplete = "touch_again"
"""
    town.write_text(SMALL_TOWN + brand, encoding="utf-8")
    if is_good:
        assert [each.void_days for each in load(files).town.brands] == [days]
    else:
        with pytest.raises(ConfigError, match="void_days"):
            load(files)
