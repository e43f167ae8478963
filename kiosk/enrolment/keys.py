"""The device key, made on the machine. `cryptography` is imported here and in `paper.py` only.

`DeviceKeys` is the port: a TPM would be another implementation, whose `path` names a handle instead of holding a key.
What signs with the key (kiosk/binding.py, kiosk/journal/checkpoint.py, TLS in the two clients) opens a PEM file today;
with a TPM these three would ask the port as well, and it would get a fourth verb, `sign`. Not built, not tried: no TPM
was at hand. A configuration that names one is refused by file and line (kiosk/config.py), so no machine believes that
it has a key in hardware.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.errors import ConfigError


class DeviceKeys(Protocol):
    """Where device keys live (EC P-256)."""

    def make(self, path: Path) -> None:
        """A new key at this place; FileExistsError when there is one."""

    def request(self, path: Path, kiosk: str) -> str:
        """PKCS #10 in PEM, signed by the key there. ConfigError: there is none."""

    def public(self, path: Path) -> bytes:
        """Its public half: SubjectPublicKeyInfo, DER. ConfigError: there is none."""


class FileKeys:
    """PEM files (PKCS #8, no passphrase: nobody is there at boot to type one), for their owner only."""

    def make(self, path: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())

    def request(self, path: Path, kiosk: str) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kiosk)])
        made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(_key(path), hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM).decode("ascii")

    def public(self, path: Path) -> bytes:
        return (
            _key(path)
            .public_key()
            .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        )


def fingerprint(public: bytes) -> str:
    """What the technician and the operator compare: SHA-256, hex."""
    return hashlib.sha256(public).hexdigest()


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise ConfigError(f"{path}: no private key there") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"{path}: not an EC key")
    return key
