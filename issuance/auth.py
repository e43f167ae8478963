"""Who is it? The judgement of a JPKI authentication certificate and of the signature its card made.

Every rule is tested alone. GHSA-58hw-cg5m-88rp and GHSA-g258-q5gf-7hvx are what happens to verifiers that
leave out validity, keyUsage or basicConstraints. The algorithm comes from the key, so that P-384 cards need
no change here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from issuance.problems import Code
from issuance.revocation import UNREADABLE, Revocation, RevocationChecker, Standing

JPKI_AUTH_POLICY = "1.2.392.200149.8.5.1.3.30"
JPKI_SIGN_POLICY = x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.20")
ENDS_SOON = timedelta(days=90)
"""Certificates may be renewed from three months before their end; the resident is told so."""


class Accepted(msgspec.Struct, frozen=True):
    """The certificate is good now. `link` is the key of the table of residents; `begins` its first moment."""

    link: str
    begins: datetime
    ends_soon: bool
    revocation: Revocation


class Rejected(msgspec.Struct, frozen=True):
    """Why not: the public code, and the exact reason for the audit log only. `link`: whose it was, when the card
    is genuine and only past its end."""

    code: Code
    reason: str
    revocation: Revocation | None = None
    link: str = ""


class CertificateJudge:
    """Judges authentication certificates against pinned roots."""

    def __init__(
        self,
        roots: Iterable[x509.Certificate],
        revocation: RevocationChecker,
        policy: str = JPKI_AUTH_POLICY,
    ) -> None:
        self._roots = tuple(roots)
        self._revocation = revocation
        self._policy = x509.ObjectIdentifier(policy)

    def judge(self, leaf: x509.Certificate, at: datetime) -> Accepted | Rejected:
        """All rules in the order of their public codes' clarity: whose card, what certificate, when,
        revoked."""
        if _is_for_signing(leaf):  # only a word to the resident: whoever issued it, it opens nothing
            return Rejected(Code.SIGN_CERTIFICATE, "sign-certificate")
        issuer = next((root for root in self._roots if _signed(root, leaf)), None)
        if issuer is None:
            return Rejected(Code.UNKNOWN_ISSUER, "issuer")
        if not is_authority(issuer):
            return Rejected(Code.UNKNOWN_ISSUER, "issuer-constraints")
        if not issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc:
            return Rejected(Code.UNKNOWN_ISSUER, "issuer-validity")
        if fault := _profile_fault(leaf, self._policy):
            return Rejected(Code.NOT_MY_NUMBER, fault)
        if at < leaf.not_valid_before_utc:
            return Rejected(Code.NOT_YET_VALID, "not-yet-valid")
        if at > leaf.not_valid_after_utc:
            return Rejected(Code.EXPIRED, "expired", link=link_key(issuer, leaf.serial_number))
        revocation = self._revocation.check(leaf, issuer, at)
        if revocation.standing is Standing.REVOKED:
            return Rejected(Code.REVOKED, "revoked", revocation)
        if revocation.standing is not Standing.GOOD:
            return Rejected(Code.COUNTER, "revocation-unknown", revocation)
        ends_soon = leaf.not_valid_after_utc - at < ENDS_SOON
        link = link_key(issuer, leaf.serial_number)
        return Accepted(link, leaf.not_valid_before_utc, ends_soon, revocation)


def link_key(issuer: x509.Certificate, serial_number: int) -> str:
    """A serial number is unique only within its issuer; three generations of JPKI share one name."""
    return f"{issuer.fingerprint(hashes.SHA256()).hex()}:{serial_number:x}"


def read_certificate(der: bytes) -> x509.Certificate | None:
    """The certificate with all its extensions readable; None for anything else."""
    try:
        leaf = x509.load_der_x509_certificate(der)
        _ = leaf.extensions, leaf.public_key(), leaf.issuer, leaf.subject, leaf.version
        _ = leaf.signature_hash_algorithm, leaf.not_valid_before_utc, leaf.not_valid_after_utc
    except UNREADABLE:
        return None
    return leaf if leaf.serial_number > 0 else None  # RFC 5280 §4.1.2.2


def challenge_message(challenge: bytes, kiosk: str, transaction: str, kinds: Iterable[str]) -> bytes:
    """What the card signs: bound to kiosk, transaction and (in kind_first) the kinds. openapi.yaml defines
    it."""
    parts = (
        b"madoguchi/auth/1",
        challenge,
        kiosk.encode(),
        transaction.encode(),
        ",".join(sorted(kinds)).encode(),
    )
    return b"\n".join(parts)


def is_signed(leaf: x509.Certificate, signature: bytes, message: bytes) -> bool:
    """Whether the key of this certificate made this signature over this message."""
    key = leaf.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(
                signature, message, ec.ECDSA(hashes.SHA384() if key.key_size > 256 else hashes.SHA256())
            )
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _signed(root: x509.Certificate, leaf: x509.Certificate) -> bool:
    """Issuer by name and signature: the three generations share one name, so only the signature tells them
    apart."""
    try:
        leaf.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def is_authority(root: x509.Certificate) -> bool:
    """Whether this certificate may issue others (RFC 5280 §4.2.1.9, §4.2.1.3): basicConstraints, keyUsage."""
    basic, usage = extension(root, x509.BasicConstraints), extension(root, x509.KeyUsage)
    return basic is not None and basic.ca and (usage is None or usage.key_cert_sign)


def _is_for_signing(leaf: x509.Certificate) -> bool:
    """The 署名用 certificate, by its policy: its issuer is another one, so no pinned root would know it."""
    policies = extension(leaf, x509.CertificatePolicies)
    return policies is not None and JPKI_SIGN_POLICY in {each.policy_identifier for each in policies}


def _profile_fault(leaf: x509.Certificate, policy: x509.ObjectIdentifier) -> str:
    """The first way in which this is no authentication certificate of JPKI; `` when there is none."""
    if leaf.version is not x509.Version.v3:
        return "version"
    if not _is_strong(leaf):
        return "key"
    usage = extension(leaf, x509.KeyUsage)
    # Exactly digitalSignature: nonRepudiation would be the 署名用 certificate, certSign a CA.
    if (
        usage is None
        or not usage.digital_signature
        or usage.content_commitment
        or usage.key_cert_sign
        or usage.crl_sign
    ):
        return "key-usage"
    extended = extension(leaf, x509.ExtendedKeyUsage)
    if extended is None or ExtendedKeyUsageOID.CLIENT_AUTH not in extended:
        return "extended-key-usage"
    policies = extension(leaf, x509.CertificatePolicies)
    if policies is None or policy not in {each.policy_identifier for each in policies}:
        return "policy"
    basic = extension(leaf, x509.BasicConstraints)
    if basic is not None and basic.ca:
        return "basic-constraints"
    understood = {
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.CertificatePolicies.oid,
        x509.BasicConstraints.oid,
    }
    if any(each.critical and each.oid not in understood for each in leaf.extensions):
        return "critical-extension"  # RFC 5280 §4.2: what is critical and not understood is refused
    return ""


def _is_strong(leaf: x509.Certificate) -> bool:
    key = leaf.public_key()
    digest = leaf.signature_hash_algorithm
    if digest is None or digest.digest_size < 32:
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return 2048 <= key.key_size <= 4096
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in {"secp256r1", "secp384r1"}


X = TypeVar("X", bound=x509.ExtensionType)


def extension(leaf: x509.Certificate, kind: type[X]) -> X | None:
    """The extension of this kind; None when the certificate has none."""
    try:
        return leaf.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate, hex: how a session knows its card."""
    return hashlib.sha256(der).hexdigest()
