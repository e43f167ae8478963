"""The virtual card's own certification authorities: made at run time, O=KIOSK-TEST, worth nothing outside.

Profiles after facts/card.md §3.1-3.3. A production machine refuses everything below these roots.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

from drivers.jpki import tlv
from drivers.jpki.sim.persons import CITY, MUNICIPALITY_CODE, PREFECTURE, Person

AUTH_POLICY: Final = ObjectIdentifier("1.2.392.200149.8.5.1.3.30")
SIGN_POLICY: Final = ObjectIdentifier("1.2.392.200149.8.5.1.1.20")
_NAME_ARC: Final = "1.2.392.200149.8.5.5."

_ALNUM: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KEY_BITS: Final = 2048
_CA_DAYS: Final = 3652
_BEFORE: Final = timedelta(days=30)

Key = rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """A root: its key and its self-signed certificate."""

    key: Key
    certificate: x509.Certificate

    def write(self, folder: Path, name: str) -> None:
        write_key(folder / f"{name}.key.pem", self.key)
        (folder / f"{name}.pem").write_bytes(pem(self.certificate))

    @classmethod
    def read(cls, folder: Path, name: str) -> Authority:
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
        return cls(read_key(folder / f"{name}.key.pem"), certificate)


@dataclass(frozen=True, slots=True)
class Validity:
    begin: datetime
    end: datetime


def new_key() -> Key:
    return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)


def write_key(path: Path, key: Key) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def read_key(path: Path) -> Key:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def new_authority(purpose: str) -> Authority:
    """A self-signed root for `user authentication` or `digital signature`."""
    key, now = new_key(), _now()
    name = _name(
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, "KIOSK-TEST"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, f"KIOSK-TEST for {purpose}"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Virtual card, no legal effect"),
    )
    builder = _builder(name, name, key.public_key(), Validity(now - _BEFORE, now + timedelta(days=_CA_DAYS)))
    usage = _usage(key_cert_sign=True, crl_sign=True)
    certificate = (
        builder.add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_points(name), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.DirectoryName(_japanese("試験用認証局"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def auth_leaf(ca: Authority, key: Key, validity: Validity, serial: int = 0) -> x509.Certificate:
    """利用者証明用: an opaque subject, no name, no address. `serial` 0: a new one."""
    opaque = "".join(secrets.choice(_ALNUM) for _ in range(14))
    subject = _name((NameOID.COUNTRY_NAME, "JP"), (NameOID.COMMON_NAME, f"{opaque}{MUNICIPALITY_CODE}003A"))
    return (
        _leaf(ca, key, subject, validity, AUTH_POLICY, serial)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(ca.key, hashes.SHA256())
    )


def sign_leaf(ca: Authority, key: Key, validity: Validity, person: Person) -> x509.Certificate:
    """署名用: the four basic facts as otherNames (facts/card.md §3.3)."""
    subject = _name(
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.LOCALITY_NAME, PREFECTURE),
        (NameOID.LOCALITY_NAME, CITY),
        (NameOID.COMMON_NAME, f"{_now():%Y%m%d%H%M%S}{secrets.randbelow(10**8):08}"),
    )
    facts = (
        person.text_name,
        "".join("1" if ord(each) > 0xFFFF else "0" for each in person.text_name),
        person.sex,
        f"{person.era_digit}{person.birth:%Y%m%d}",
        person.address,
        "0" * len(person.address),
    )
    names = [
        x509.OtherName(ObjectIdentifier(f"{_NAME_ARC}{number}"), tlv.write(0x0C, fact.encode()))
        for number, fact in enumerate(facts, 1)
    ]
    return (
        _leaf(ca, key, subject, validity, SIGN_POLICY)
        .add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ca.key, hashes.SHA256())
    )


def revocation_list(ca: Authority, serials: list[int]) -> x509.CertificateRevocationList:
    """A CRL of our municipality (JPKI cuts its lists so); current for the life of a demo, the real one for a day."""
    now = _now()
    builder = x509.CertificateRevocationListBuilder().issuer_name(ca.certificate.subject)
    builder = builder.last_update(now - timedelta(minutes=5)).next_update(now + timedelta(days=_CA_DAYS))
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
        builder = builder.add_revoked_certificate(entry.build())
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    scope = x509.IssuingDistributionPoint(
        full_name=[x509.DirectoryName(_distribution_point())],
        relative_name=None,
        only_contains_user_certs=True,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    return (
        builder.add_extension(identifier, critical=False)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(scope, critical=True)
        .sign(ca.key, hashes.SHA256())
    )


def five_birthdays(birth: date) -> Validity:
    """From a month ago to the end (Japan's time) of the fifth birthday after today."""
    now = _now()
    year = now.year + 5 - (1 if (now.month, now.day) < (birth.month, birth.day) else 0)
    end = datetime.combine(date(year, birth.month, min(birth.day, 28)), time(14, 59, 59), UTC)
    return Validity(now - _BEFORE, end)


def past() -> Validity:
    """Ended yesterday."""
    now = _now()
    return Validity(now - timedelta(days=1800), now - timedelta(days=1))


def future() -> Validity:
    """Begins in a month."""
    now = _now()
    return Validity(now + timedelta(days=30), now + timedelta(days=1800))


def ending() -> Validity:
    """Ends in two months: it can be renewed already."""
    now = _now()
    return Validity(now - timedelta(days=1800), now + timedelta(days=60))


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _leaf(
    ca: Authority,
    key: Key,
    subject: x509.Name,
    validity: Validity,
    policy: ObjectIdentifier,
    serial: int = 0,
) -> x509.CertificateBuilder:
    ocsp = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.kiosk-test.invalid")
    )
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    return (
        _builder(subject, ca.certificate.subject, key.public_key(), validity, serial)
        .add_extension(x509.CertificatePolicies([x509.PolicyInformation(policy, None)]), critical=True)
        .add_extension(
            x509.IssuerAlternativeName([x509.DirectoryName(_japanese("試験用認証局"))]), critical=False
        )
        .add_extension(_points(_distribution_point()), critical=False)
        .add_extension(x509.AuthorityInformationAccess([ocsp]), critical=False)
        .add_extension(authority, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, validity: Validity, serial: int = 0
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial or 0x10000000 + secrets.randbelow(0x60000000))
        .not_valid_before(validity.begin)
        .not_valid_after(validity.end)
    )


def _usage(**true: bool) -> x509.KeyUsage:
    every = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**{**every, **true})


def _points(name: x509.Name) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint([x509.DirectoryName(name)], None, None, None)
    return x509.CRLDistributionPoints([point])


def _distribution_point() -> x509.Name:
    return _name(
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, "KIOSK-TEST"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "CRL Distribution Points"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, PREFECTURE),
        (NameOID.COMMON_NAME, f"{CITY} CRLDP"),
    )


def _japanese(unit: str) -> x509.Name:
    return _name(
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, "窓口試験"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
    )


def _name(*parts: tuple[ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])
