"""The device key (EC P-256): made on the machine, and used by whatever signs with it.

`DeviceKey` is the port. The configuration says where the next key is made (`[issuance] key_in`), the file at
`[issuance] key` says where this one lives: a PKCS #8 file, or a TPM's (tpm.py). `cryptography` is imported in
this folder only at need: import this module late.
"""

from __future__ import annotations

import hashlib
import os
import ssl
from pathlib import Path
from typing import Protocol, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.config import KeyPlace
from kiosk.errors import ConfigError

TPM_MARK = b"-----BEGIN TSS2 PRIVATE KEY-----"


class DeviceKey(Protocol):
    """One key, wherever it lives. ConfigError: it cannot be used."""

    @classmethod
    def make(cls, path: Path) -> Self:
        """A new key, its file for its owner only; FileExistsError when there is one."""

    @property
    def public(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""

    @property
    def fingerprint(self) -> str:
        """What the technician and the operator compare: SHA-256 of `public`, hex."""

    @property
    def key_id(self) -> str:
        """What seals of the journal call it: the fingerprint's first half."""

    def request(self, kiosk: str) -> str:
        """PKCS #10 in PEM, signed by the key."""

    def sign(self, data: bytes) -> bytes:
        """ECDSA over SHA-256 of the data, DER. DeviceUnavailable: not now."""

    def identify(self, context: ssl.SSLContext, certificate: Path) -> None:
        """The client of this context is this machine. OSError, ssl.SSLError: it cannot be."""


class Named:
    """What a public key is called."""

    public: bytes

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.public).hexdigest()

    @property
    def key_id(self) -> str:
        return self.fingerprint[:32]


class FileKey(Named):
    """A PEM file (PKCS #8, no passphrase: nobody is there at boot to type one)."""

    def __init__(self, path: Path) -> None:
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError):
            raise ConfigError(f"{path}: no private key without passphrase, in PEM") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ConfigError(f"{path}: not an EC P-256 key")
        self._path, self._key = path, key
        self.public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @classmethod
    def make(cls, path: Path) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(path, pem)
        return cls(path)

    def request(self, kiosk: str) -> str:
        return request_by(self._key, kiosk)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    def identify(self, context: ssl.SSLContext, certificate: Path) -> None:
        context.load_cert_chain(certificate, self._path)


def open_key(path: Path) -> DeviceKey:
    """The key of this file, and the way to use it. ConfigError: there is none."""
    from kiosk.enrolment.tpm import TpmKey  # noqa: PLC0415  # it builds on this module

    try:
        is_of_tpm = path.read_bytes().startswith(TPM_MARK)
    except OSError:
        raise ConfigError(f"{path}: no private key there") from None
    return TpmKey(path) if is_of_tpm else FileKey(path)


def make_key(path: Path, place: KeyPlace) -> DeviceKey:
    """A new key where the configuration says. FileExistsError, ConfigError."""
    from kiosk.enrolment.tpm import TpmKey  # noqa: PLC0415

    return TpmKey.make(path) if place is KeyPlace.TPM else FileKey.make(path)


def request_by(key: ec.EllipticCurvePrivateKey, kiosk: str) -> str:
    """DeviceKey.request."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kiosk)])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode("ascii")


def write_private(path: Path, pem: bytes) -> None:
    """For its owner only, and never over another key."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pem)
        out.flush()
        os.fsync(out.fileno())
