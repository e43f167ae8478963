"""The box of virtual cards on disk: made once, then opened card by card.

DIR/pki/      auth-ca, sign-ca, cv-text, cv-surface (keys and roots); ca.pem (= the auth root), crl.pem, crl.der,
              cv-roots.txt (for kiosk-card --cv-roots)
DIR/cards/N/  keys and certificates of one card, memory.json (secrets and counters, written at every change), front.png
              (what is printed on it), photo.jp2 where it carries a given picture
DIR/links.csv certificate_serial_hex,resident_id (lower-case hex, no leading zeros)
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from drivers.jpki.sim import applications, pki, surface
from drivers.jpki.sim.filesystem import Image, Memory, Secret
from drivers.jpki.sim.front import front
from drivers.jpki.sim.persons import PERSONS, Person
from drivers.jpki.sim.pki import Authority

ATRS: Final = {
    "contact": bytes.fromhex("3BE000FF8131FE4514"),
    # What a contactless reader makes of a Type B card (PC/SC part 3, §3.1.3.2.3.1): application data,
    # protocol
    # information and MBLI of ATQB, then the check byte. It differs from card to card: nobody may rely on it.
    "typeb": bytes.fromhex("3B88800100000000338181003A"),
}
RECORDS: Final = ("genuine", "bad-signature", "other-photo", "copied")
CERTIFICATES: Final = ("genuine", "expired", "not-yet", "ending", "foreign", "sign")
PHONE: Final = "phone"
"""Subfolder of a card: the same person's phone."""
DEVICES: Final = tuple(applications.LABELS)
PHONES: Final = ("android", "iphone")
OWNERS: Final = ("types", "approved")


@dataclass(frozen=True, slots=True)
class Options:
    """The switches of facts/card.md §5.3."""

    is_long_form: bool = False
    is_lenient: bool = False
    device: str = "card"
    atr: str = "contact"
    certificate: str = "genuine"
    record: str = "genuine"
    is_approved: bool = False
    """A phone's owner has proven themselves to the phone: its authentication key wants no PIN."""


def make(box: Path, names: Iterable[str], pin: str, sign_password: str, phone_pin: str = "") -> None:
    """Add authorities, cards and phones that are not there yet; what is there stays as it is."""
    folder = box / "pki"
    if not (folder / "ca.pem").exists():
        _make_pki(folder)
    for name in names:
        if not (box / "cards" / name / "memory.json").exists():
            _make_card(box, PERSONS[name], pin, sign_password)
        if not (box / "cards" / name / PHONE / "memory.json").exists():
            _make_phone(box, PERSONS[name], phone_pin or pin, sign_password)
    _write_links(box)


def _make_pki(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, purpose in (("auth-ca", "user authentication"), ("sign-ca", "digital signature")):
        pki.new_authority(purpose).write(folder, name)
    roots = []
    for name, prefix in (("cv-text", applications.TEXT_CV), ("cv-surface", surface.SURFACE_CV)):
        key = pki.new_key()
        pki.write_key(folder / f"{name}.key.pem", key)
        numbers = key.public_key().public_numbers()
        roots.append(
            f"{applications.key_id(prefix, key).hex()} {numbers.n:0512x} {numbers.e:06x}  # {name}\n"
        )
    (folder / "cv-roots.txt").write_text("".join(roots))
    write_revocation_list(folder, [])
    (folder / "ca.pem").write_bytes((folder / "auth-ca.pem").read_bytes())


def write_revocation_list(folder: Path, serials: list[int]) -> None:
    crl = pki.revocation_list(Authority.read(folder, "auth-ca"), serials)
    (folder / "crl.pem").write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    (folder / "crl.der").write_bytes(crl.public_bytes(serialization.Encoding.DER))


def set_photo(box: Path, name: str, picture: Path) -> None:
    """From the next placing on, this card carries this person's picture: small, grey, JPEG 2000, rightly signed."""
    (box / "cards" / name / "photo.jp2").write_bytes(surface.photo_of(picture))


def revoke(box: Path, name: str) -> None:
    """Put this card's authentication certificate on the list."""
    crl = x509.load_pem_x509_crl((box / "pki" / "crl.pem").read_bytes())
    serials = {each.serial_number for each in crl} | {_certificate(box / "cards" / name).serial_number}
    write_revocation_list(box / "pki", sorted(serials))


def _make_card(box: Path, person: Person, pin: str, sign_password: str) -> None:
    folder = box / "cards" / person.key
    _make_certificates(box, folder, person)
    pki.write_key(folder / "card.key.pem", pki.new_key())
    day = person.birth.replace(day=min(person.birth.day, 28))  # no card ends on a 29 February
    expiry = f"{datetime.now(UTC).year + 10}{day:%m%d}"
    (folder / "card.json").write_text(json.dumps({"format": 1, "person": person.key, "expiry": expiry}))
    front(person, expiry).save(folder / "front.png")
    Memory(_secrets(person, expiry, pin, sign_password), folder / "memory.json").save()


def _make_phone(box: Path, person: Person, pin: str, sign_password: str) -> None:
    """A phone has certificates, keys, secrets and counters of its own, and no 券面."""
    folder = box / "cards" / person.key / PHONE
    _make_certificates(box, folder, person)
    secrets = {"jpki.auth": Secret(pin, 3, 3), "jpki.sign": Secret(sign_password, 5, 5)}
    Memory(secrets, folder / "memory.json").save()


def _make_certificates(box: Path, folder: Path, person: Person) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    validity = pki.five_birthdays(person.birth)
    auth, sign = pki.new_key(), pki.new_key()
    auth_leaf = pki.auth_leaf(Authority.read(box / "pki", "auth-ca"), auth, validity)
    sign_leaf = pki.sign_leaf(Authority.read(box / "pki", "sign-ca"), sign, validity, person)
    for name, key in (("auth", auth), ("sign", sign)):
        pki.write_key(folder / f"{name}.key.pem", key)
    (folder / "auth.cer").write_bytes(pki.der(auth_leaf))
    (folder / "sign.cer").write_bytes(pki.der(sign_leaf))


def _secrets(person: Person, expiry: str, pin: str, sign_password: str) -> dict[str, Secret]:
    """Every reference of every application, with the tries that facts/card.md §1 gives it."""
    b = _number_b(person, expiry)
    return {
        "jpki.auth": Secret(pin, 3, 3),
        "jpki.sign": Secret(sign_password, 5, 5),
        "text.pin": Secret(pin, 3, 3),
        "text.dead": Secret("", 0, 3, is_dead=True),
        "juki.pin": Secret(pin, 3, 3),
        "common.pin": Secret(pin, 3, 3),
        "number.a": Secret(person.number, 10, 10),
        "number.b": Secret(b, 10, 10),
        "birth": Secret(person.birth_digits, 10, 10),
    }


def _number_b(person: Person, expiry: str) -> str:
    return person.birth_digits + expiry[:4] + person.security_code


def printed_number(box: Path, name: str) -> str:
    """照合番号B as it stands on the front of this card. ValueError when there is none of this name."""
    path = box / "cards" / name / "card.json"
    if name not in PERSONS or not path.exists():
        raise ValueError(f"no card of this name: {name}")
    return _number_b(PERSONS[name], json.loads(path.read_text())["expiry"])


def _certificate(folder: Path) -> x509.Certificate:
    return x509.load_der_x509_certificate((folder / "auth.cer").read_bytes())


def _write_links(box: Path) -> None:
    with (box / "links.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("certificate_serial_hex", "resident_id"))
        for folder in sorted((box / "cards").iterdir()):
            for each in filter(Path.is_dir, (folder, folder / PHONE)):
                table.writerow((f"{_certificate(each).serial_number:x}", folder.name))


def open_card(box: Path, name: str, options: Options) -> tuple[Image, Memory]:
    """One card of the box as its chip holds it. ValueError when there is none of this name."""
    folder = box / "cards" / name
    if name not in PERSONS or not (folder / "memory.json").exists():
        raise ValueError(f"no card of this name: {name}")
    contents = _contents(box, folder, PERSONS[name], options)
    memory = Memory.load((folder / PHONE if options.device in PHONES else folder) / "memory.json")
    directories = [applications.jpki(contents)]
    if options.device in ("card", "faceonly"):
        directories += [
            applications.text(contents),
            applications.juki(contents),
            applications.common(contents),
            surface.surface(contents),
        ]
    if options.device == "faceonly":
        memory = Memory({each: Secret("", 0, memory[each].most, is_dead=True) for each in memory.names()})
    atr = ATRS[options.atr]
    objects = applications.data_objects(contents, ATRS["contact"])
    return Image(atr, {each.aid: each for each in directories}, objects), memory


def _contents(box: Path, folder: Path, person: Person, options: Options) -> applications.Contents:
    authority = Authority.read(box / "pki", "auth-ca")
    own = folder / PHONE if options.device in PHONES else folder
    auth_key = pki.read_key(own / "auth.key.pem")
    photo = folder / "photo.jp2"
    return applications.Contents(
        person=person,
        device=options.device,
        auth_key=auth_key,
        auth_certificate=_auth_certificate(box, authority, auth_key, own, person, options.certificate),
        auth_ca=pki.der(authority.certificate),
        sign_key=pki.read_key(own / "sign.key.pem"),
        sign_certificate=(own / "sign.cer").read_bytes(),
        sign_ca=pki.der(Authority.read(box / "pki", "sign-ca").certificate),
        card_key=pki.read_key(folder / "card.key.pem"),
        text_issuer=pki.read_key(box / "pki" / "cv-text.key.pem"),
        surface_issuer=pki.read_key(box / "pki" / "cv-surface.key.pem"),
        expiry=json.loads((folder / "card.json").read_text())["expiry"],
        is_long_form=options.is_long_form,
        record=options.record,
        photo=photo.read_bytes() if photo.exists() else surface.portrait(person.key),
        is_approved=options.is_approved and options.device in PHONES,
    )


def _auth_certificate(
    box: Path, authority: Authority, key: pki.Key, folder: Path, person: Person, which: str
) -> bytes:
    genuine = x509.load_der_x509_certificate((folder / "auth.cer").read_bytes())
    usual, serial = pki.five_birthdays(person.birth), genuine.serial_number
    match which:
        case "genuine":
            return pki.der(genuine)
        case "expired":
            return pki.der(pki.auth_leaf(authority, key, pki.past(), serial))
        case "not-yet":
            return pki.der(pki.auth_leaf(authority, key, pki.future(), serial))
        case "ending":
            return pki.der(pki.auth_leaf(authority, key, pki.ending(), serial))
        case "foreign":  # the same name, another key: an issuer is found by signature, not by name
            return pki.der(pki.auth_leaf(pki.new_authority("user authentication"), key, usual, serial))
        case "sign":  # 署名用 where 利用者証明用 belongs
            return pki.der(pki.sign_leaf(Authority.read(box / "pki", "sign-ca"), key, usual, person))
    raise ValueError(f"no such certificate: {which}")
