"""The applications of the virtual card, filled with one person's facts: facts/card.md §1 and §2.2.

券面事項確認AP (with its pictures) is in `surface`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from drivers.jpki import codec, tlv
from drivers.jpki.codec import Ef
from drivers.jpki.sim.filesystem import FREE, Binary, Directory, File, PrivateKey, Records, Reference
from drivers.jpki.sim.persons import MUNICIPALITY_CODE, Person

TEXT_AID: Final = bytes.fromhex("D3921000310001010408")
JUKI_AID: Final = bytes.fromhex("D3921000310001010401")
COMMON_AID: Final = bytes.fromhex("D3921000310001010100")

TEXT_CV: Final = "9000033F"
"""How the ids of our record signers begin: a state's would with 5."""

NEVER: Final = frozenset({-1})
"""No reference opens it."""

CERTIFICATE_FILE_BYTES: Final = 2560
"""Our guess; the DER header tells a client where the certificate ends."""

LABELS: Final = {
    "card": "JPKIAPICCTOKEN2",
    "faceonly": "JPKIAPICCTOKEN2",
    "android": "JPKIAPGPSETOKEN",
    "iphone": "JPKIAPIOSTOKEN",
}


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that is put into one card."""

    person: Person
    device: str
    auth_key: RSAPrivateKey
    auth_certificate: bytes
    auth_ca: bytes
    sign_key: RSAPrivateKey
    sign_certificate: bytes
    sign_ca: bytes
    card_key: RSAPrivateKey
    text_issuer: RSAPrivateKey
    surface_issuer: RSAPrivateKey
    expiry: str
    """Of the card, YYYYMMDD."""
    is_long_form: bool
    """`FF20 82 LL LL` instead of the shortest length (facts/card.md §2.2)."""
    photo: bytes
    """JPEG 2000."""
    record: str = "genuine"
    """`bad-signature`: text and face are signed by another key. `other-photo`: somebody else's portrait under the
    signature over the right one. `copied`: the card key is not the one in the record."""
    is_approved: bool = False
    """The phone's owner has approved: the authentication PIN is not asked for."""


def padded(data: bytes, size: int) -> bytes:
    return data + b"\xff" * (size - len(data))


def sign_record(issuer: RSAPrivateKey, data: bytes) -> bytes:
    return issuer.sign(data, padding.PKCS1v15(), hashes.SHA256())


def record_key(contents: Contents, issuer: RSAPrivateKey) -> RSAPrivateKey:
    """Who signs text and face: the issuer, or whoever forged it."""
    return contents.sign_key if contents.record == "bad-signature" else issuer


def used_card_key(contents: Contents) -> RSAPrivateKey:
    """What signs challenges: the key that the record names, or on a copy another one."""
    return contents.sign_key if contents.record == "copied" else contents.card_key


def public_key(key: RSAPrivateKey) -> bytes:
    """`90` exponent, `91` modulus."""
    numbers = key.public_key().public_numbers()
    return tlv.write(0x90, numbers.e.to_bytes(3, "big")) + tlv.write(0x91, numbers.n.to_bytes(256, "big"))


def key_id(prefix: str, key: RSAPrivateKey) -> bytes:
    """16 bytes; ours begin with 9, so that nobody takes them for a state's."""
    tail = hashlib.sha256(public_key(key)).digest()
    return (bytes.fromhex(prefix) + tail)[:16]


def cv_certificate(issuer: RSAPrivateKey, prefix: str) -> bytes:
    """The record signer's certificate: `7F21 { 5F4E body, 5F37 signature }`; ours is signed by itself."""
    name = key_id(prefix, issuer)
    body = name + name + public_key(issuer)
    return tlv.write(0x7F21, tlv.write(0x5F4E, body) + tlv.write(0x5F37, sign_record(issuer, body)))


def jpki(contents: Contents) -> Directory:
    """公的個人認証AP."""
    has_sign = contents.device != "faceonly"
    by_pin = FREE if contents.is_approved else frozenset({int(Ef.AUTH_PIN)})
    auth_access = by_pin if contents.device == "android" else FREE
    sign_access = frozenset({int(Ef.SIGN_PIN)})
    sign_certificate = contents.sign_certificate if has_sign else b""
    files: dict[int, File] = {
        Ef.SIGN_CERTIFICATE: Binary(padded(sign_certificate, CERTIFICATE_FILE_BYTES), sign_access),
        Ef.SIGN_CA: Binary(padded(contents.sign_ca, CERTIFICATE_FILE_BYTES)),
        Ef.TOKEN: Binary(token_information(LABELS[contents.device])),
        Ef.AVAILABILITY: Binary(b"\x8f\x8f\x00" if has_sign else b"\x8f\x00\x00"),
        Ef.AUTH_CERTIFICATE: Binary(padded(contents.auth_certificate, CERTIFICATE_FILE_BYTES), auth_access),
        Ef.AUTH_CA: Binary(padded(contents.auth_ca, CERTIFICATE_FILE_BYTES)),
        Ef.AUTH_KEY: PrivateKey(contents.auth_key, by_pin),
        Ef.AUTH_PIN: Reference("jpki.auth", is_approved=contents.is_approved),
        Ef.SIGN_KEY: PrivateKey(contents.sign_key, sign_access),
        Ef.SIGN_PIN: Reference("jpki.sign"),
    }
    for unknown in (0x0005, 0x0009, 0x0010, 0x0016, 0x0019, 0x001C, 0x001E):
        files[unknown] = Binary(b"\xff" * 16, NEVER)
    return Directory(codec.AID, files)


def token_information(label: str) -> bytes:
    """CK_TOKEN_INFO of PKCS#11, 160 bytes, numbers big-endian."""
    texts = f"{label:<32}{'KIOSK-TEST':<32}{'VIRTUAL':<16}{'0000000000000001':<16}".encode("ascii")
    flags = 0x0000040D  # RNG, login required, user PIN set, token initialised
    numbers = (flags, 0, 0, 0, 0, codec.SIGN_PASSWORD_MAX, codec.AUTH_PIN_LENGTH, 0, 0, 0, 0)
    body = texts + b"".join(each.to_bytes(4, "big") for each in numbers)
    return body + bytes.fromhex("03000301") + b"0000000000000000"


def text(contents: Contents) -> Directory:
    """券面事項入力補助AP."""
    person, issuer = contents.person, contents.text_issuer
    number = _number(person)
    facts = (
        (0xDF22, person.text_name.encode()),
        (0xDF23, person.address.encode()),
        (0xDF24, f"{person.birth:%Y%m%d}".encode()),
        (0xDF25, person.sex.encode()),
    )
    objects = [tlv.write(tag, value) for tag, value in facts]
    body = container(0xFF20, 0xDF21, objects, contents.is_long_form)
    hashed = tlv.write(0xDF31, hashlib.sha256(number).digest())
    hashed += tlv.write(0xDF32, hashlib.sha256(b"".join(objects)).digest())
    record = tlv.write(0xFF30, hashed + tlv.write(0xDF33, sign_record(record_key(contents, issuer), hashed)))
    card_key = tlv.write(0xDF51, public_key(contents.card_key))
    basic = tlv.write(0xDF41, bytes.fromhex("01030E01")) + tlv.write(0xDF42, key_id(TEXT_CV, issuer))
    basic += tlv.write(0xDF43, b"\x00" * 80)
    by_number, by_text = frozenset({0x11, 0x14}), frozenset({0x11, 0x15})
    by_any = by_number | by_text
    files: dict[int, File] = {
        0x0001: Binary(number, by_number),
        0x0002: Binary(padded(body, 512), by_text),
        0x0003: Binary(record, by_any),
        0x0004: Binary(cv_certificate(issuer, TEXT_CV)),
        0x0005: Binary(padded(tlv.write(0xFF40, basic), 256)),
        0x0006: Binary(tlv.write(0xA1, public_key(contents.card_key)), by_any),
        0x0007: Binary(
            tlv.write(0xFF50, card_key + tlv.write(0xDF52, sign_record(issuer, card_key))), by_any
        ),
        0x0008: Binary(b"\xff" * 16),
        0x0011: Reference("text.pin"),
        0x0012: Reference("text.dead"),
        0x0013: PrivateKey(used_card_key(contents)),
        0x0014: Reference("number.a"),
        0x0015: Reference("number.b"),
    }
    return Directory(TEXT_AID, files, default_key=0x0013)


def _number(person: Person) -> bytes:
    """`FF10 0C` and twelve digits, filled to 17 bytes."""
    return tlv.write(0xFF10, person.number.encode()) + b"\xff\xff"


def container(tag: int, table_tag: int, objects: list[bytes], is_long_form: bool) -> bytes:
    """Objects behind a table of their offsets from the start of the file, two bytes each."""
    size = sum(map(len, objects))
    table_bytes = 2 * len(objects)
    inner = len(tlv.write(table_tag, bytes(table_bytes))) + size
    length_bytes = 2 if is_long_form else 0
    at = len(tlv.write(tag, bytes(inner), length_bytes)) - size
    table = b""
    for each in objects:
        table += at.to_bytes(2, "big")
        at += len(each)
    return tlv.write(tag, tlv.write(table_tag, table) + b"".join(objects), length_bytes)


def juki(_: Contents) -> Directory:
    """住基AP: its PIN and a key's name; the 住民票コード is not ours to invent."""
    return Directory(
        JUKI_AID, {0x0002: Binary(b"\x90" * 16, frozenset({0x1C})), 0x001C: Reference("juki.pin")}
    )


def common(contents: Contents) -> Directory:
    """共通カードAP: one record with serial, municipality and expiry."""
    serial = f"{int(contents.person.number[:11]):015}"
    record = b"\x01\x1c" + f"{serial}{MUNICIPALITY_CODE}{contents.expiry}".encode("ascii")
    files: dict[int, File] = {
        0x0001: Records((record,)),
        0x0019: PrivateKey(contents.card_key),
        0x001C: Reference("common.pin"),
    }
    return Directory(COMMON_AID, files, default_key=0x0019)


def data_objects(contents: Contents, atr: bytes) -> dict[int, bytes]:
    """What GET DATA answers before any application is selected (facts/card.md §1.5)."""
    card_id = hashlib.sha256(contents.auth_certificate).digest()[:16]
    chain = cv_certificate(contents.surface_issuer, "9000020F")
    return {
        0x0042: tlv.write(0x42, b"KIOSKTST"),
        0x0045: tlv.write(0x45, card_id),
        0x0066: tlv.write(0x66, b"\x00" * 8),
        0x00F0: tlv.write(0xF0, MUNICIPALITY_CODE.encode()),
        0x00F2: tlv.write(0xF2, contents.expiry.encode()),
        0x00F7: tlv.write(0xF7, b"\x00" * 8),
        0x00F8: tlv.write(0xF8, key_id("9000020F", contents.surface_issuer)),
        0x7F21: chain,
        0x5F51: tlv.write(0x5F51, atr[1:]),
    }
