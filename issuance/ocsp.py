"""Is a certificate revoked? The question asked of an OCSP responder (RFC 6960), and what of its answer is believed.

An answer counts only when it is signed by the issuer itself or by a responder that the issuer authorised for this
(RFC 6960 §4.2.2.2), is about this very certificate, and is of now. All else is UNKNOWN with its reason."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from issuance.auth import extension
from issuance.fetch import FetchError, post_ocsp
from issuance.revocation import UNREADABLE, Revocation, Standing

SKEW: Final = timedelta(minutes=5)
"""Between the responder's clock and ours."""

FRESH: Final = timedelta(minutes=10)
"""How old an answer may be that names no next update."""

_NONCE_BYTES: Final = 32
_DIGEST_MIN: Final = 32
_HASHES: Final = {"sha1": hashes.SHA1, "sha256": hashes.SHA256}

Post = Callable[[str, bytes], bytes]


class OcspChecker:
    """Asks one responder, for each certificate anew. `post` raises FetchError."""

    def __init__(
        self, url: str, names_by: str = "sha1", is_nonce_required: bool = False, post: Post = post_ocsp
    ) -> None:
        """`names_by`: the hash that names issuer and key in the question. It protects nothing (the answer is
        signed), and RFC 5019 §2.1.1 responders know SHA-1 only. `is_nonce_required`: refuse an answer that
        does not repeat our nonce; many responders sign ahead and repeat none."""
        self._url = url
        self._hash = _HASHES[names_by]
        self._is_nonce_required = is_nonce_required
        self._post = post

    def check(self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Revocation:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, self._hash())
        request = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
        try:
            raw = self._post(self._url, request.public_bytes(serialization.Encoding.DER))
            answer = ocsp.load_der_ocsp_response(raw)
            return self._judge(answer, request, nonce, issuer, at)
        except FetchError as why:
            return _unknown(str(why))
        except UNREADABLE:
            return _unknown("not-an-answer")

    def _judge(
        self,
        answer: ocsp.OCSPResponse,
        request: ocsp.OCSPRequest,
        nonce: bytes,
        issuer: x509.Certificate,
        at: datetime,
    ) -> Revocation:
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return _unknown(f"responder-{answer.response_status.name.lower().replace('_', '-')}")
        signer, fault = _signer(answer, issuer, at)
        if signer is None:
            return _unknown(fault)
        if not _is_signed(answer, signer):
            return _unknown("signature")
        if fault := self._nonce_fault(answer, nonce):
            return _unknown(fault)
        about = [each for each in answer.responses if _is_about(each, request)]
        if len(about) != 1:
            return _unknown("other-certificate")
        return _standing(about[0], at)

    def _nonce_fault(self, answer: ocsp.OCSPResponse, nonce: bytes) -> str:
        try:
            said = answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        except x509.ExtensionNotFound:
            return "no-nonce" if self._is_nonce_required else ""
        return "" if secrets.compare_digest(said, nonce) else "nonce"


def _unknown(reason: str, this_update: str = "") -> Revocation:
    return Revocation(Standing.UNKNOWN, "ocsp", this_update, reason)


def _standing(one: ocsp.OCSPSingleResponse, at: datetime) -> Revocation:
    updated = one.this_update_utc.isoformat()
    if (
        one.certificate_status is ocsp.OCSPCertStatus.REVOKED
    ):  # an old word convicts too, as a stale list does
        return Revocation(Standing.REVOKED, "ocsp", updated)
    if one.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        return _unknown("responder-does-not-know", updated)
    if one.this_update_utc > at + SKEW:
        return _unknown("not-yet", updated)
    until = one.next_update_utc or one.this_update_utc + FRESH
    if until + SKEW < at:
        return _unknown("stale", updated)
    return Revocation(Standing.GOOD, "ocsp", updated)


def _is_about(one: ocsp.OCSPSingleResponse, request: ocsp.OCSPRequest) -> bool:
    """The same certificate, named in the same way as in our question."""
    return (
        one.serial_number == request.serial_number
        and one.hash_algorithm.name == request.hash_algorithm.name
        and one.issuer_key_hash == request.issuer_key_hash
        and one.issuer_name_hash == request.issuer_name_hash
    )


def _signer(
    answer: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime
) -> tuple[x509.Certificate | None, str]:
    """Whose signature it must be: the issuer, or a certificate in the answer that the issuer authorised."""
    if _is_named(answer, issuer):
        return issuer, ""
    named = next((each for each in answer.certificates if _is_named(answer, each)), None)
    if named is None:
        return None, "responder"
    return (None, fault) if (fault := _responder_fault(named, issuer, at)) else (named, "")


def _is_named(answer: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    """Three generations share one name: a name alone says "the issuer" only if its key is behind the signature."""
    if answer.responder_key_hash is not None:
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            return False
        return x509.SubjectKeyIdentifier.from_public_key(key).digest == answer.responder_key_hash
    return answer.responder_name == certificate.subject


def _responder_fault(responder: x509.Certificate, issuer: x509.Certificate, at: datetime) -> str:
    """Why this certificate may not answer for the issuer; `` when it may."""
    try:
        responder.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return "responder-issuer"
    if not responder.not_valid_before_utc <= at <= responder.not_valid_after_utc:
        return "responder-validity"
    if ExtendedKeyUsageOID.OCSP_SIGNING not in (extension(responder, x509.ExtendedKeyUsage) or ()):
        return "responder-not-authorised"
    if extension(responder, x509.OCSPNoCheck) is None:
        # Its own revocation would have to be asked, of whom nobody says (RFC 6960 §4.2.2.2.1).
        return "responder-may-be-revoked"
    return ""


def _is_signed(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    digest = answer.signature_hash_algorithm
    if digest is None or digest.digest_size < _DIGEST_MIN:
        return False
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True
