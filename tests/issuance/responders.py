"""Responders of the tests: real HTTP on this machine, whose answers can be wrong in one way each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.issuance.people import DAY, NOW, Authority

OCSP_TYPE = "application/ocsp-response"


@dataclass
class Delegate:
    """A responder's own key and certificate. Every rule of it can be broken alone."""

    authority: Authority
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    begins: datetime = NOW - DAY
    ends: datetime = NOW + 30 * DAY
    usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.OCSP_SIGNING
    has_no_check: bool = True

    @cached_property
    def certificate(self) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .issuer_name(self.authority.name)
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OCSP")]))
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
        )
        if self.usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([self.usage]), False)
        if self.has_no_check:
            builder = builder.add_extension(x509.OCSPNoCheck(), False)
        return builder.sign(self.authority.key, hashes.SHA256())


@dataclass
class Says:
    """What a responder says, of whom and when. Every part can be wrong alone."""

    authority: Authority
    revoked: frozenset[int] = frozenset()
    status: ocsp.OCSPCertStatus | None = None
    this_update: datetime = NOW - DAY / 24
    next_update: datetime | None = NOW + DAY
    delegate: Delegate | None = None
    names_responder_by: ocsp.OCSPResponderEncoding = ocsp.OCSPResponderEncoding.HASH
    leaves_certificate_out: bool = False
    serial: int | None = None
    issuer: Authority | None = None
    spoils_signature: bool = False
    nonce: Callable[[bytes], bytes | None] = lambda nonce: nonce
    unsuccessful: ocsp.OCSPResponseStatus | None = None

    def answer(self, raw: bytes) -> bytes:
        asked = ocsp.load_der_ocsp_request(raw)
        if self.unsuccessful is not None:
            failed = ocsp.OCSPResponseBuilder.build_unsuccessful(self.unsuccessful)
            return failed.public_bytes(serialization.Encoding.DER)
        serial = asked.serial_number if self.serial is None else self.serial
        is_revoked = asked.serial_number in self.revoked
        status = self.status or (ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD)
        name_hash, key_hash = asked.issuer_name_hash, asked.issuer_key_hash
        if self.issuer is not None:
            key_hash = x509.SubjectKeyIdentifier.from_public_key(self.issuer.key.public_key()).digest
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=name_hash,
            issuer_key_hash=key_hash,
            serial_number=serial,
            algorithm=asked.hash_algorithm,
            cert_status=status,
            this_update=self.this_update,
            next_update=self.next_update,
            revocation_time=self.this_update if status is ocsp.OCSPCertStatus.REVOKED else None,
            revocation_reason=None,
        )
        signer = self.delegate or self.authority
        builder = builder.responder_id(self.names_responder_by, signer.certificate)
        if self.delegate is not None and not self.leaves_certificate_out:
            builder = builder.certificates([self.delegate.certificate])
        asked_nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        nonce = self.nonce(asked_nonce)
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), False)
        signed = builder.sign(signer.key, hashes.SHA256())
        raw = signed.public_bytes(serialization.Encoding.DER)
        spoilt = bytearray(signed.signature)
        spoilt[-1] ^= self.spoils_signature
        return raw.replace(signed.signature, bytes(spoilt))


@contextmanager
def http(answer: Callable[[bytes], bytes], media_type: str = OCSP_TYPE, status: int = 200) -> Any:
    """The address of a server that answers every request with `answer(body)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/ocsp-request"
            self._say(answer(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self._say(answer(b""))

        def _say(self, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
