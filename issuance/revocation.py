"""Is a certificate revoked? A port with three answers, and lists (CRL) behind it; responders are in ocsp.py.
UNKNOWN never issues a document."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

_DIGEST_MIN = 32

UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)
"""What the library says of bytes that are no certificate, list or answer, in whichever part and however late."""


class Standing(enum.Enum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Revocation(msgspec.Struct, frozen=True):
    """The answer with its source and age, for the audit log. `reason` says why it is UNKNOWN."""

    standing: Standing
    source: str
    this_update: str = ""
    reason: str = ""


class RevocationChecker(Protocol):
    """CRL, OCSP or a certified platform's service (facts: the real ones are closed to all but notified
    verifiers)."""

    def check(self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Revocation:
        """Where this leaf of this issuer stands at this instant."""


class FirstThatKnows:
    """Asks one source after the other; the first that is not UNKNOWN answers. A responder that is down is no reason to
    send a town's residents home while today's list is here."""

    def __init__(self, checkers: Sequence[RevocationChecker]) -> None:
        self._checkers = tuple(checkers)

    def check(self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Revocation:
        asked = []
        for checker in self._checkers:
            found = checker.check(leaf, issuer, at)
            if found.standing is not Standing.UNKNOWN:
                return found
            asked.append(found)
        sources = "+".join(each.source for each in asked)
        reasons = "+".join(each.reason for each in asked)
        return Revocation(Standing.UNKNOWN, sources, asked[-1].this_update if asked else "", reasons)


class CrlChecker:
    """Answers from CRL files (PEM or DER) of a folder. A changed folder is read again, so a daily job just
    drops files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._lists: list[x509.CertificateRevocationList] = []

    def check(self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Revocation:
        self._refresh()
        own = [each for each in self._lists if is_of(each, issuer) and _covers(each, leaf)]
        if not own:
            return Revocation(Standing.UNKNOWN, "crl", reason="no-crl")
        newest = max(own, key=lambda each: each.last_update_utc)
        updated = newest.last_update_utc.isoformat()
        entry = newest.get_revoked_certificate_by_serial_number(leaf.serial_number)
        if entry is not None:  # what a stale list says is revoked stays revoked
            return Revocation(Standing.REVOKED, "crl", updated)
        if newest.last_update_utc > at:
            return Revocation(Standing.UNKNOWN, "crl", updated, "not-yet")
        if newest.next_update_utc is None or newest.next_update_utc < at:
            return Revocation(Standing.UNKNOWN, "crl", updated, "stale")
        return Revocation(Standing.GOOD, "crl", updated)

    def _refresh(self) -> None:
        files = sorted(self._folder.glob("*.*")) if self._folder.is_dir() else []
        stats = [(file.name, file.stat()) for file in files]
        seen = tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
        if seen != self._seen:
            self._lists = [
                each for each in (read_list(file.read_bytes()) for file in files) if each is not None
            ]
            self._seen = seen


def read_list(data: bytes) -> x509.CertificateRevocationList | None:
    """None for what is no list, in whichever part (the library reads most of it late): it then covers nobody, which
    ends in UNKNOWN.
    """
    try:
        found = x509.load_pem_x509_crl(data) if data.startswith(b"-----") else x509.load_der_x509_crl(data)
        _ = found.issuer, found.last_update_utc, found.next_update_utc, found.extensions
        _ = found.signature_hash_algorithm, len(found)
    except UNREADABLE:
        return None
    return found


def is_of(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether this issuer signed the list, with a hash that can still be trusted."""
    digest = crl.signature_hash_algorithm
    if crl.issuer != issuer.subject or digest is None or digest.digest_size < _DIGEST_MIN:
        return False
    try:
        return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # TypeError for odd keys
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False


def _covers(crl: x509.CertificateRevocationList, leaf: x509.Certificate) -> bool:
    """JPKI cuts its lists by municipality: a list with a distribution point speaks only for leaves that
    name the same point (RFC 5280 §6.3.3 b). Delta, indirect and partial-reason lists are not understood, so
    they cover nobody."""
    try:
        point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        point = None
    except ValueError:
        return False
    known = {x509.IssuingDistributionPoint.oid, x509.CRLNumber.oid, x509.AuthorityKeyIdentifier.oid}
    if any(each.critical and each.oid not in known for each in crl.extensions):
        return False
    if point is None:
        return True
    odd = (
        point.indirect_crl
        or point.only_contains_ca_certs
        or point.only_contains_attribute_certs
        or point.only_some_reasons
        or point.relative_name
    )
    if odd:
        return False
    return point.full_name is None or bool(set(_names(point.full_name)) & _points(leaf))


def _points(leaf: x509.Certificate) -> set[x509.GeneralName]:
    try:
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return set()
    return {name for point in points for name in _names(point.full_name or ())}


def _names(names: Iterable[x509.GeneralName]) -> list[x509.GeneralName]:
    return list(names)
