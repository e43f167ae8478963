"""The virtual card answers as facts say a real one does; its contents hang together."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image

from drivers.jpki import codec, tlv
from drivers.jpki.rsa import RsaKey, digest_info
from drivers.jpki.sim import box as boxes
from drivers.jpki.sim import main as command_line
from drivers.jpki.sim.box import Options
from drivers.jpki.sim.card import VirtualCard
from drivers.jpki.sim.filesystem import Memory
from drivers.jpki.sim.persons import PERSONS, check_digit
from tests.contract.cards import box, card

JPKI = "00A4040C0AD392F000260100000001"
TEXT = "00A4040C0AD3921000310001010408"
SURFACE = "00A4040C0AD3921000310001010402"
COMMON = "00A4040C0AD3921000310001010100"
JUKI = "00A4040C0AD3921000310001010401"
HANAKO = PERSONS["hanako"]
B = "160303" + str(datetime.now(UTC).year + 10) + "1001"
"""照合番号B of Hanako's card: 昭和16年3月3日, the card's last year, security code."""


def _ask(on: VirtualCard, *commands: str) -> list[str]:
    """Status words, or data and status word, as hex."""
    return [on.answer(bytes.fromhex(each.replace(" ", ""))).hex().upper() for each in commands]


def _read(on: VirtualCard, short_id: int) -> bytes:
    answer = on.answer(bytes([0x00, 0xB0, 0x80 | short_id, 0, 0, 0, 0]))
    assert answer[-2:] == b"\x90\x00", answer[-2:].hex()
    return answer[:-2]


def _verify(short_id: int, secret: str) -> str:
    return f"002000{0x80 | short_id:02X}{len(secret):02X}{secret.encode().hex()}"


# --- commands ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00A40000", "6A86"),
        ("00A40000023F00", "6A82"),
        ("00A4040006A00000000101", "6A82"),  # MUSCLE: a yes makes another driver claim the card
        ("00A4040009A0000003080000100000", "6A82"),
        ("00A4040C0CD392F000260100000001FFFF", "6A82"),
        ("00A4040C05D392F00026", "6A82"),
        ("00CADF3005", "6A88"),
        ("00CB3FFF035C017E08", "6D00"),
        ("00C0000000", "6D00"),
        ("01A4040C0AD392F000260100000001", "6881"),
        ("0CA4040C0AD392F000260100000001", "6882"),
        ("90A4040C0AD392F000260100000001", "6E00"),
        ("00B0000000", "6986"),
        ("00A4020C020018", "6986"),
        ("00", "6700"),
        ("00A4040C0AD392", "6700"),
    ],
)
def test_what_it_does_not_know_before_an_application(command: str, sw: str) -> None:
    assert _ask(card(), command) == [sw]


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00A4020C02FFFF", "6A82"),
        ("00A4020C0118", "6700"),
        ("00B0980000", "6981"),  # READ BINARY of a PIN
        ("00B0810000", "6982"),
        ("00B08A00000800", None),
        ("00B09F0000", "6A82"),
        ("00B08A00", "6700"),
        ("00B0E00000", "6A86"),
        ("00200018", "6A86"),
        ("0020008A", "6981"),
        ("0020009F", "6A88"),
        ("00200080", "6986"),
        ("802A0097023030", "6982"),
        ("802A0898023030", "6981"),
        ("0084000000", None),
        ("00840000000400", "6985"),
        ("00840000", "6700"),
    ],
)
def test_what_the_authentication_application_answers(command: str, sw: str | None) -> None:
    _, answer = _ask(card(), JPKI, command)
    assert answer[-4:] == (sw or "9000")


def test_reads_at_the_end_of_a_file() -> None:
    on = card()
    _ask(on, JPKI)
    whole = _read(on, 0x06)
    assert len(whole) == 160
    assert (
        _ask(on, "00B0009000", "00B0009F00", "00B000A000", "00B0860000")[0][:-4] == whole[144:].hex().upper()
    )
    assert [each[-4:] for each in _ask(on, "00B0009F00", "00B000A000")] == ["9000", "6B00"]
    assert len(on.answer(bytes.fromhex("00B0860000"))) == 162


@pytest.mark.parametrize("empty", ["00200098", "0020009800"])
def test_asking_for_tries_burns_none_and_never_says_yes_or_blocked(empty: str) -> None:
    on = card()
    right = _verify(0x18, "1234")
    assert _ask(on, JPKI, empty, right, empty) == ["9000", "63C3", "9000", "63C3"]
    wrong = _verify(0x18, "0000")
    assert _ask(on, wrong, wrong, wrong, wrong, right, empty) == [
        "63C2",
        "63C1",
        "63C0",
        "6984",
        "6984",
        "63C0",
    ]


def test_a_right_pin_gives_the_tries_back_and_a_wrong_one_takes_the_right_away() -> None:
    on = card()
    wrong, right = _verify(0x18, "0000"), _verify(0x18, "1234")
    assert _ask(on, JPKI, wrong, wrong, right, "00200098") == ["9000", "63C2", "63C1", "9000", "63C3"]
    assert _ask(on, wrong, "802A0097023030")[-1] == "6982"


def test_selecting_again_forgets_what_was_verified_unless_lenient() -> None:
    for options, sw in ((Options(), "6982"), (Options(is_lenient=True), "9000")):
        on = card(options=options)
        assert _ask(on, JPKI, _verify(0x18, "1234"), JPKI, "802A009702303000")[-1][-4:] == sw
        assert _ask(on, _verify(0x18, "1234"), TEXT, JPKI, "802A0097023030")[-1] == "6982"


def test_power_and_the_security_domain_bring_back_the_beginning() -> None:
    on = card()
    _ask(on, JPKI, _verify(0x18, "1234"))
    on.power()
    assert _ask(on, "00B08A0000") == ["6986"]
    assert _ask(on, JPKI, _verify(0x18, "1234"), "00A4040C07A0000001510000", "00B08A0000")[-1] == "6986"


def test_a_pin_is_changed_only_after_the_old_one(tmp_path: Path) -> None:
    on = card()
    change = "0024019804" + b"7777".hex()
    assert _ask(on, JPKI, change, _verify(0x18, "1234"), change, _verify(0x18, "7777")) == [
        "9000",
        "6982",
        "9000",
        "9000",
        "9000",
    ]


@pytest.mark.parametrize("p1", ["00", "02", "03"])
def test_the_ways_to_sign(p1: str) -> None:
    on, digest = card(), hashlib.sha256(b"message").digest()
    data = {"00": digest_info(b"message"), "02": digest, "03": b"message"}[p1]
    _ask(on, JPKI, _verify(0x18, "1234"))
    signature = bytes.fromhex(_ask(on, f"802A{p1}97{len(data):02X}{data.hex()}00")[0][:-4])
    certificate = (box() / "cards" / "hanako" / "auth.cer").read_bytes()
    assert codec.is_signed_by(certificate, b"message", signature)


def test_a_digest_info_without_null_is_signed_as_it_is() -> None:
    on = card()
    bare = bytes.fromhex("302F300B0609608648016503040201042000") + bytes(31)
    _ask(on, JPKI, _verify(0x18, "1234"))
    signature = bytes.fromhex(_ask(on, f"802A0097{len(bare):02X}{bare.hex()}00")[0][:-4])
    certificate = (box() / "cards" / "hanako" / "auth.cer").read_bytes()
    assert codec.rsa_public_key(certificate).recover(signature) == bare


def test_common_data() -> None:
    on = card()
    record = bytes.fromhex(_ask(on, COMMON, "00B2010C00")[1][:-4])
    assert record[:2] == b"\x01\x1c" and record[17:22] == b"99201" and len(record) == 30
    assert _ask(on, "00B2020C00", "00B0810000") == ["6A83", "6981"]
    assert len(_ask(on, "00880099081122334455667788" + "00")[0]) == 2 * 258
    on.power()
    assert bytes.fromhex(_ask(on, "00CA00F000")[0][:-4]) == tlv.write(0xF0, b"99201")
    assert _ask(on, JUKI, "00B0820000", _verify(0x1C, "1234"), "00B0820000")[1] == "6982"


# --- contents ---------------------------------------------------------------------------------------------------


def _rsa(numbers: bytes) -> rsa.RSAPublicKey:
    exponent, modulus = tlv.read_all(numbers)
    return rsa.RSAPublicNumbers(
        int.from_bytes(exponent.value, "big"), int.from_bytes(modulus.value, "big")
    ).public_key()


def _issuer(on: VirtualCard) -> rsa.RSAPublicKey:
    certificate = _read(on, 0x04)
    assert len(certificate) == 568
    body, signature = tlv.read_all(tlv.read_tagged(certificate, 0x7F21).value)
    assert len(body.value) == 297 and body.value[0] >> 4 == 9
    key = _rsa(body.value[32:])
    key.verify(signature.value, body.value, padding.PKCS1v15(), hashes.SHA256())
    return key


@pytest.mark.parametrize("is_long", [False, True])
def test_the_text_is_signed_and_opens_to_the_right_secrets(is_long: bool) -> None:
    on = card(options=Options(is_long_form=is_long))
    _ask(on, TEXT)
    assert (
        _ask(on, "00B0820000", _verify(0x14, HANAKO.number), "00B0820000")[-1] == "6982"
    )  # A does not open it
    assert _ask(on, _verify(0x15, B)) == ["9000"]
    text, number = _read(on, 0x02), b""
    assert text[2] == (0x82 if is_long else len(tlv.read(text)[0].value))
    table, *facts = tlv.read_all(tlv.read_tagged(text, 0xFF20).value)
    assert [each.value.decode() for each in facts] == [HANAKO.name, HANAKO.address, "19410303", "2"]
    for at, fact in zip(range(0, 8, 2), facts, strict=True):
        assert tlv.read(text, int.from_bytes(table.value[at : at + 2], "big"))[0] == fact
    number, record = _read(on, 0x01), _read(on, 0x03)
    assert (len(number), len(record), len(_read(on, 0x05))) == (17, 336, 256)
    one, two, signature = tlv.read_all(tlv.read_tagged(record, 0xFF30).value)
    assert one.value == hashlib.sha256(number).digest()
    objects = b"".join(tlv.write(each.tag, each.value) for each in facts)
    assert two.value == hashlib.sha256(objects).digest()
    _issuer(on).verify(signature.value, record[5:75], padding.PKCS1v15(), hashes.SHA256())
    assert _ask(on, "00200092", _verify(0x12, "1234")) == ["63C0", "6984"]


@pytest.mark.parametrize("is_long", [False, True])
def test_the_face_of_the_card_is_signed_and_cannot_be_copied(is_long: bool) -> None:
    on = card(options=Options(is_long_form=is_long))
    _ask(on, SURFACE)
    assert _ask(on, "00B0820000", _verify(0x11, "160303"), "00B0820000")[-1] == "6982"
    assert _ask(on, _verify(0x12, B), "00B0850000") == ["9000", "6982"]  # the number's picture wants A
    face = _read(on, 0x02)
    table, *objects = tlv.read_all(tlv.read_tagged(face, 0xFF20).value)
    assert [each.tag for each in objects] == list(range(0xDF22, 0xDF2B))
    assert tlv.read(face, int.from_bytes(table.value[16:18], "big"))[0] == objects[8]
    raw = {each.tag: tlv.write(each.tag, each.value) for each in objects}
    groups = ((0xDF22, 0xDF23, 0xDF24), (0xDF25, 0xDF26), (0xDF27,))
    hashed = b"".join(hashlib.sha256(b"".join(raw[tag] for tag in group)).digest() for group in groups)
    numbers = _issuer(on).public_numbers()
    assert RsaKey(numbers.n, numbers.e).recover(objects[6].value)[-96:] == hashed
    with Image.open(io.BytesIO(objects[5].value)) as photo:
        assert (photo.format, photo.mode, photo.size) == ("JPEG2000", "L", (240, 320))
    with Image.open(io.BytesIO(objects[3].value)) as name:
        assert (name.format, name.mode) == ("PNG", "1")
    challenge = digest_info(b"fresh")
    signature = bytes.fromhex(_ask(on, f"802A000033{challenge.hex()}00")[0][:-4])
    _rsa(objects[2].value).verify(signature, b"fresh", padding.PKCS1v15(), hashes.SHA256())


def test_certificates_follow_their_profiles() -> None:
    folder = box() / "cards" / "hanako"
    auth = x509.load_der_x509_certificate((folder / "auth.cer").read_bytes())
    root = x509.load_pem_x509_certificate((box() / "pki" / "ca.pem").read_bytes())
    auth.verify_directly_issued_by(root)
    assert auth.subject.rfc4514_string().endswith("99201003A,C=JP")
    usage = auth.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature and not usage.value.content_commitment
    policies = auth.extensions.get_extension_for_class(x509.CertificatePolicies)
    assert policies.critical and policies.value[0].policy_identifier.dotted_string.endswith("8.5.1.3.30")
    assert f"{auth.not_valid_after_utc:%H%M%S}" == "145959"
    assert auth.serial_number.bit_length() <= 31
    sign = x509.load_der_x509_certificate((folder / "sign.cer").read_bytes())
    names = sign.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    said = [tlv.read(each.value)[0].value.decode() for each in names if isinstance(each, x509.OtherName)]
    assert said == [HANAKO.name, "00000", "2", "319410303", HANAKO.address, "0" * 15]


def test_the_people_are_those_of_the_sample_town() -> None:
    with (Path(__file__).parents[2] / "issuance/sample/residents.csv").open(
        newline="", encoding="utf-8"
    ) as file:
        residents = {each["id"]: each for each in csv.DictReader(file)}
    for person in PERSONS.values():
        row = residents[person.key]
        assert (row["name"], row["birth"], row["address"]) == (
            person.name,
            person.birth.isoformat(),
            person.address,
        )
        assert row["my_number"] == person.number
        assert row["sex"] == {"1": "M", "2": "F"}[person.sex]


def test_the_revocation_list_is_of_the_municipality_that_the_certificates_name() -> None:
    crl = x509.load_der_x509_crl((box() / "pki" / "crl.der").read_bytes())
    scope = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    auth = x509.load_der_x509_certificate((box() / "cards" / "hanako" / "auth.cer").read_bytes())
    points = auth.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert scope.critical and scope.value.full_name == points[0].full_name
    done = subprocess.run(
        ["openssl", "verify", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "crl.pem"],
        input=auth.public_bytes(Encoding.PEM),
        cwd=box() / "pki",
        capture_output=True,
        check=False,
    )
    assert b"OK" in done.stdout, done.stderr


def test_bad_certificates_are_bad_in_one_way_each() -> None:
    now = datetime.now(UTC)
    root = x509.load_pem_x509_certificate((box() / "pki" / "ca.pem").read_bytes())
    for which in ("expired", "not-yet", "foreign", "ending"):
        on = card(options=Options(certificate=which))
        _ask(on, JPKI)
        data = _read(on, 0x0A)
        bad = x509.load_der_x509_certificate(data[: codec.certificate_length(data)])
        assert (bad.not_valid_after_utc < now) is (which == "expired")
        assert (bad.not_valid_before_utc > now) is (which == "not-yet")
        assert (bad.not_valid_after_utc < now + timedelta(days=90)) is (which in ("expired", "ending"))
        genuine = x509.load_der_x509_certificate((box() / "cards" / "hanako" / "auth.cer").read_bytes())
        assert bad.serial_number == genuine.serial_number
        assert bad.issuer == root.subject
        done = subprocess.run(
            ["openssl", "verify", "-no_check_time", "-CAfile", str(box() / "pki" / "ca.pem")],
            input=bad.public_bytes(Encoding.PEM),
            capture_output=True,
            check=False,
        )
        assert (done.returncode == 0) is (which != "foreign")


# --- the box ----------------------------------------------------------------------------------------------------


def test_counters_are_on_disk_before_the_card_answers(tmp_path: Path) -> None:
    assert command_line.main(["make", "--state", str(tmp_path), "--person", "taro", "--pin", "4321"]) == 0
    on = VirtualCard(*boxes.open_card(tmp_path, "taro", Options()))
    _ask(on, JPKI, _verify(0x18, "0000"))
    again = VirtualCard(*boxes.open_card(tmp_path, "taro", Options()))
    assert _ask(again, JPKI, "00200098", _verify(0x18, "4321")) == ["9000", "63C2", "9000"]
    memory = tmp_path / "cards" / "taro" / "memory.json"
    assert memory.stat().st_mode & 0o77 == 0
    assert Memory.load(memory)["jpki.auth"].left == 3


def test_making_again_keeps_what_is_there_and_links_say_whose_card_it_is(tmp_path: Path) -> None:
    command_line.main(["make", "--state", str(tmp_path), "--person", "hanako"])
    before = (tmp_path / "cards" / "hanako" / "auth.cer").read_bytes()
    command_line.main(["make", "--state", str(tmp_path), "--person", "hanako", "--person", "maria"])
    assert (tmp_path / "cards" / "hanako" / "auth.cer").read_bytes() == before
    with (tmp_path / "links.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    serial = x509.load_der_x509_certificate(before).serial_number
    phone = x509.load_der_x509_certificate((tmp_path / "cards/hanako/phone/auth.cer").read_bytes())
    assert [each["certificate_serial_hex"] for each in rows][:2] == [
        f"{serial:x}",
        f"{phone.serial_number:x}",
    ]
    assert [each["resident_id"] for each in rows] == ["hanako", "hanako", "maria", "maria"]
    assert command_line.main(["revoke", "--state", str(tmp_path), "hanako"]) == 0
    crl = x509.load_pem_x509_crl((tmp_path / "pki" / "crl.pem").read_bytes())
    assert crl.get_revoked_certificate_by_serial_number(serial) is not None
    assert json.loads((tmp_path / "cards" / "maria" / "card.json").read_text())["person"] == "maria"


def test_printed_numbers() -> None:
    assert check_digit("12345678901") == "8"
    assert HANAKO.birth_digits == "160303"
    assert PERSONS["maria"].birth_digits == "900115"
    assert "\U000e0100" not in PERSONS["yoshiko"].text_name
