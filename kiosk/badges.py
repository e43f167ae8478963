"""What a staff card's certificate says, and whether it may be believed: from bytes, by no clock of its own.

Two ways onto the list of staff (`[[staff]]` of the machine's file): the certificate's own fingerprint (`cards`), or a
certificate of the town's staff authority (`staff_ca`) whose subject has the member's number as its serialNumber
(RFC 4519 §2.31) or UID. Whoever is taken off the list is nobody, without any network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kiosk.view import Role

MESSAGE_HEAD = b"madoguchi/staff/1"


class Member(msgspec.Struct, frozen=True):
    """One person on the list: a number of the town's, never a name."""

    id: str
    role: Role
    cards: tuple[str, ...] = ()
    """Fingerprints: SHA-256 of a certificate's DER, hex."""


class Validity(msgspec.Struct, frozen=True):
    """From when to when the certificate says it is good, in UTC."""

    begin: datetime
    end: datetime

    def holds(self, now: datetime) -> bool:
        return self.begin <= now <= self.end


def challenge(kiosk: str, nonce: str) -> bytes:
    """What the card signs: bound to this purpose, this machine and this one login."""
    return b"\n".join((MESSAGE_HEAD, kiosk.encode(), nonce.encode()))


def member_of(der: bytes, members: Sequence[Member], authorities: Sequence[bytes]) -> Member | None:
    """Whose card this is; None: nobody's on the list. Its validity in time is another question."""
    certificate = _read(der)
    if certificate is None:
        return None
    fingerprint = hashlib.sha256(der).hexdigest()
    for each in members:
        if fingerprint in each.cards:
            return each
    if not any(_is_issued_by(certificate, ca) for ca in authorities):
        return None
    names = certificate.subject
    said = {
        str(each.value)
        for oid in (NameOID.SERIAL_NUMBER, NameOID.USER_ID)
        for each in names.get_attributes_for_oid(oid)
    }
    found = [each for each in members if each.id in said]
    return found[0] if len(found) == 1 else None


def validity_of(der: bytes) -> Validity | None:
    certificate = _read(der)
    if certificate is None:
        return None
    return Validity(certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def has_signed(der: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key of this certificate made this signature over SHA-256 of the message."""
    certificate = _read(der)
    if certificate is None:
        return False
    key = certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def authorities_of(pem: bytes) -> tuple[bytes, ...]:
    """Every certificate of a PEM file, DER. ValueError: there is none."""
    return tuple(each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(pem))


def issuer_of(der: bytes) -> str:
    """Who signed it, RFC 4514."""
    return x509.load_der_x509_certificate(der).issuer.rfc4514_string()


def _read(der: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.public_key()
        certificate.subject  # noqa: B018  # parsed here, where a wrong one can be refused
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return certificate


def _is_issued_by(certificate: x509.Certificate, authority: bytes) -> bool:
    root = _read(authority)
    if root is None:
        return False
    try:
        certificate.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
