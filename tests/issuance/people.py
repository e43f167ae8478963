"""Test cards, towns and clocks of the issuance tests. Everything is made anew for each run; nothing is
anybody's."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from issuance import auth, folder
from issuance.clock import Clock
from issuance.store import Link

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FONT = folder.FONT
KIOSK = "kiosk-demo-1"


@dataclass
class HandClock:
    """Stands still until a test moves it, or somebody waits."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return (self.at - NOW).total_seconds()

    async def wait_until(self, monotonic_s: float) -> None:
        self.at = max(self.at, NOW + timedelta(seconds=monotonic_s))


# One RSA key for every test card: making keys is slow, and no test needs two different ones but by EC.
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Authority:
    """A certificate authority under the name that three generations of JPKI share, and TEST in it."""

    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    organisation: str = "KIOSK-TEST"
    begins: datetime = NOW - 365 * DAY
    ends: datetime = NOW + 3650 * DAY
    is_authority: bool | None = True
    usage: bool | None = None
    """Whether keyUsage says keyCertSign; None: there is no keyUsage."""

    def __post_init__(self) -> None:
        names = [(NameOID.COUNTRY_NAME, "JP"), (NameOID.ORGANIZATION_NAME, self.organisation)]
        self.name = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
        builder = (
            x509.CertificateBuilder()
            .issuer_name(self.name)
            .subject_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
        )
        if self.is_authority is not None:
            builder = builder.add_extension(x509.BasicConstraints(self.is_authority, None), True)
        if self.usage is not None:
            usage = USAGE | {"key_cert_sign": self.usage, "crl_sign": True}
            builder = builder.add_extension(x509.KeyUsage(**usage), True)
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def crl(
        self,
        *revoked: int,
        this_update: datetime = NOW - DAY,
        next_update: datetime = NOW + 7 * DAY,
        extension: x509.ExtensionType | None = None,
    ) -> x509.CertificateRevocationList:
        builder = x509.CertificateRevocationListBuilder()
        builder = builder.issuer_name(self.name).last_update(this_update).next_update(next_update)
        for serial in revoked:
            entry = (
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(this_update).build()
            )
            builder = builder.add_revoked_certificate(entry)
        if extension is not None:
            builder = builder.add_extension(extension, True)
        return builder.sign(self.key, hashes.SHA256())


USAGE = {
    "digital_signature": True,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


@dataclass
class Card:
    """A card's authentication key and certificate. Every rule of the certificate can be broken alone."""

    authority: Authority
    serial: int = 0x1001
    key: Any = _RSA
    begins: datetime = NOW - 30 * DAY
    ends: datetime = NOW + 3000 * DAY
    usage: dict[str, bool] | None = field(default_factory=lambda: dict(USAGE))
    extended: list[x509.ObjectIdentifier] | None = field(
        default_factory=lambda: [ExtendedKeyUsageOID.CLIENT_AUTH]
    )
    policy: str | None = auth.JPKI_AUTH_POLICY
    is_authority: bool | None = None
    critical: x509.ExtensionType | None = None
    points: x509.ExtensionType | None = None
    digest: Any = field(default_factory=hashes.SHA256)

    @cached_property
    def certificate(self) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .issuer_name(self.authority.name)
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "EXAMPLE99999003A")]))
            .public_key(self.key.public_key())
            .serial_number(self.serial)
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
        )
        if self.usage is not None:
            builder = builder.add_extension(x509.KeyUsage(**self.usage), True)
        if self.extended is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(self.extended), False)
        if self.policy is not None:
            policy = x509.PolicyInformation(x509.ObjectIdentifier(self.policy), None)
            builder = builder.add_extension(x509.CertificatePolicies([policy]), True)
        if self.is_authority is not None:
            builder = builder.add_extension(x509.BasicConstraints(self.is_authority, None), True)
        if self.critical is not None:
            builder = builder.add_extension(self.critical, True)
        if self.points is not None:
            builder = builder.add_extension(self.points, False)
        return builder.sign(self.authority.key, self.digest)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        big = self.key.curve.key_size > 256
        return bytes(self.key.sign(message, ec.ECDSA(hashes.SHA384() if big else hashes.SHA256())))


def token() -> str:
    return secrets.token_hex(16)


def make_folder(
    path: Path, authority: Authority, cards: dict[str, Card], clock: Clock, database: str = ""
) -> Path:
    """A server's folder whose cards belong to these residents; its revocation list is of `clock`'s day."""
    today = clock.now()
    hosts = ["localhost", "127.0.0.1"]
    folder.init(path, kiosk=KIOSK, hosts=hosts, town=folder.SPECIMEN, clock=clock, database=database)
    ca = path / "ca.pem"
    ca.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    crl = path / "ca.crl"
    fresh = authority.crl(this_update=today - DAY, next_update=today + 7 * DAY)
    crl.write_bytes(fresh.public_bytes(serialization.Encoding.DER))
    rows = "".join(f"{card.serial:x},{resident}\n" for resident, card in cards.items())
    links = path / "links.csv"
    links.write_text("certificate_serial_hex,resident_id\n" + rows, encoding="utf-8")
    folder.trust(path, roots=[ca], crls=[crl], links=links, clock=clock)
    return path


@dataclass
class Machine:
    """The kiosk's half, as a stranger would write it from openapi.yaml."""

    key: Any
    kiosk: str = KIOSK

    @classmethod
    def of(cls, folder_of_kiosk: Path, kiosk: str = KIOSK) -> Machine:
        pem = (folder_of_kiosk / "device.key").read_bytes()
        return cls(serialization.load_pem_private_key(pem, None), kiosk)

    def order(
        self,
        transaction: str,
        card: Card,
        *,
        kind: str = "juminhyo",
        options: dict[str, str] | None = None,
        line: str | None = None,
    ) -> dict[str, Any]:
        options = options or {}
        fingerprint = hashlib.sha256(card.der).hexdigest()
        body: dict[str, Any] = {
            "transaction": transaction,
            "line": line or token(),
            "kind": kind,
            "options": options,
            "card_fingerprint": fingerprint,
        }
        canonical = body | {
            "format": "madoguchi/order/1",
            "kiosk": self.kiosk,
            "options": sorted(options.items()),
        }
        order = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        body["order_hash"] = hashlib.sha256(order).hexdigest()
        body["order_signature"] = self.key.sign(order, ec.ECDSA(hashes.SHA256()))
        return body


def link_also(path: Path, authority: Authority, card: Card, resident: str) -> None:
    store = folder.open_store(path)
    store.run_now(lambda tx: tx.put(Link(auth.link_key(authority.certificate, card.serial), resident)))
    store.close()
