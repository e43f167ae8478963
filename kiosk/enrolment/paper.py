"""A certificate that the server gave: is it ours, by our authority, and for how long? PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from kiosk.errors import ConfigError

RENEW_BEFORE = timedelta(days=90)


@dataclass(frozen=True)
class Certificate:
    kiosk: str
    public: bytes
    """SubjectPublicKeyInfo, DER."""
    since: datetime
    until: datetime

    def is_due(self, now: datetime) -> bool:
        """Whether to ask for the next one: in the last third of its life, and in its last 90 days."""
        return now >= self.until - min(RENEW_BEFORE, (self.until - self.since) / 3)


def read(pem: str) -> Certificate:
    """ConfigError: not a certificate."""
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        public = found.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except ValueError:
        raise ConfigError("no certificate in PEM") from None
    return Certificate(
        str(names[0].value) if names else "", public, found.not_valid_before_utc, found.not_valid_after_utc
    )


def must_be_ours(pem: str, authority: str, kiosk: str, public: bytes, now: datetime) -> Certificate:
    """ConfigError, in words: for another key or name, by another authority, or not valid now."""
    made = read(pem)
    if made.public != public:
        raise ConfigError("the certificate is for another key")
    if made.kiosk != kiosk:
        raise ConfigError("the certificate is for another machine")
    if not made.since <= now < made.until:
        raise ConfigError("the certificate is not valid now: look at the clock")
    try:
        x509.load_pem_x509_certificate(pem.encode()).verify_directly_issued_by(
            x509.load_pem_x509_certificate(authority.encode())
        )
    except (ValueError, TypeError, InvalidSignature):
        raise ConfigError("the certificate is by another authority") from None
    return made
