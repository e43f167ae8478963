"""What is said to a PIV card (NIST SP 800-73-4 part 2), as bytes. Sans-IO, no state.

Rules. One application, by its AID. Data objects are named by a tag in `5C` and come in `53`; a certificate is `70` in
it, `71` says whether it is compressed (1: refused, nobody needs it here), `FE` is an error code that nobody uses. The
application PIN is reference 80, always eight bytes, filled with FF. GENERAL AUTHENTICATE signs: `7C { 82 empty, 81 what
is signed }`, and the answer is `7C { 82 signature }`.

    9A  PIV Authentication    after the PIN     object 5FC105
    9E  Card Authentication   without a PIN     object 5FC101
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from drivers.jpki import tlv
from drivers.jpki.rsa import digest_info
from kiosk.errors import PeerProtocolError

AID: Final = bytes.fromhex("A000000308000010000100")
SHORT_AID: Final = AID[:9]
"""What is selected: the version at the end is the card's affair (part 1, §2.2)."""

PIN_REFERENCE: Final = 0x80
PIN_BYTES: Final = 8
PIN_MIN: Final = 6
"""Digits (part 2, §2.4.3)."""


class KeyPlace(NamedTuple):
    """A key, and the data object of its certificate."""

    reference: int
    certificate: bytes


AUTHENTICATION: Final = KeyPlace(0x9A, bytes.fromhex("5FC105"))
CARD_AUTHENTICATION: Final = KeyPlace(0x9E, bytes.fromhex("5FC101"))

RSA_2048: Final = 0x07
ECC_P256: Final = 0x11
"""Algorithm identifiers (SP 800-78-4, table 6-2)."""


def pin_block(digits: bytearray) -> bytearray:
    """Eight bytes. Whoever made `digits` wipes them, whoever asked for the block wipes that."""
    block = bytearray(b"\xff" * PIN_BYTES)
    block[: len(digits)] = digits
    return block


def object_request(name: bytes) -> bytes:
    return tlv.write(0x5C, name)


def certificate_of(data: bytes) -> bytes:
    """DER out of a certificate's data object. PeerProtocolError for anything else, a compressed one among it."""
    inside = {each.tag: each.value for each in tlv.read_all(tlv.read_tagged(data, 0x53).value)}
    if inside.get(0x71, b"\x00") != b"\x00":
        raise PeerProtocolError("PIV: a compressed certificate")
    if not inside.get(0x70):
        raise PeerProtocolError("PIV: no certificate in its object")
    return inside[0x70]


def algorithm_and_block(certificate: bytes, message: bytes) -> tuple[int, bytes]:
    """How the card is asked to sign SHA-256 of the message: RSA gets it padded (PKCS#1 v1.5), ECC gets the hash."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError:
        raise PeerProtocolError("PIV: what it calls a certificate is none") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048:
        info = digest_info(message)
        return RSA_2048, b"\x00\x01" + b"\xff" * (256 - 3 - len(info)) + b"\x00" + info
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return ECC_P256, hashlib.sha256(message).digest()
    raise PeerProtocolError("PIV: a key of a kind that is not known here")


def sign_request(block: bytes) -> bytes:
    return tlv.write(0x7C, tlv.write(0x82, b"") + tlv.write(0x81, block))


def signature_of(data: bytes) -> bytes:
    """PeerProtocolError when there is none."""
    for each in tlv.read_all(tlv.read_tagged(data, 0x7C).value):
        if each.tag == 0x82 and each.value:
            return each.value
    raise PeerProtocolError("PIV: no signature in its answer")
