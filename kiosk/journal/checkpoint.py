"""Seals: balances and chain head signed with the device key (ECDSA P-256, SHA-256, DER signature).

`cryptography` is imported here only, and late: a core that seals once a day need not load it to start sooner.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kiosk.errors import ConfigError
from kiosk.journal import ledger as books
from kiosk.journal.records import Checkpoint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

_CONTEXT = b"madoguchi/checkpoint/1"


class Signer(Protocol):
    """The device key (kiosk.enrolment.keys). `key_id` names its public half."""

    @property
    def key_id(self) -> str: ...

    def sign(self, message: bytes) -> bytes: ...


def seal(ledger: books.Ledger, head: str, signer: Signer) -> Checkpoint:
    """The record that seals `ledger`, the balances at chain hash `head` (hex). To be appended next."""
    balances = books.encode(ledger)
    signature = signer.sign(sealed_bytes(ledger.seq, head, balances))
    return Checkpoint(ledger.seq, head, balances, signature, signer.key_id)


def sealed_bytes(upto: int, head: str, balances: bytes) -> bytes:
    """What is signed: context LF upto LF head LF balances."""
    return b"%s\n%d\n%s\n%s" % (_CONTEXT, upto, head.encode("ascii"), balances)


class FileVerifier:
    """Knows the public keys in these PEM files (keys or certificates): today's, and those before it.

    Files are read at the first seal: a journal without one needs no key.
    """

    def __init__(self, *paths: Path | str) -> None:
        self._paths = tuple(Path(each) for each in paths)
        self._keys: dict[str, EllipticCurvePublicKey] | None = None

    def __call__(self, checkpoint: Checkpoint) -> bool:
        """True when one of our keys sealed exactly this."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        if self._keys is None:
            keys = [_public_key(each) for each in self._paths]
            self._keys = {_key_id(each): each for each in keys}
        key = self._keys.get(checkpoint.key_id)
        if key is None or not checkpoint.head.isascii():
            return False
        message = sealed_bytes(checkpoint.upto, checkpoint.head, checkpoint.balances)
        try:
            key.verify(checkpoint.signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


def _public_key(path: Path) -> EllipticCurvePublicKey:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    try:
        data = path.read_bytes()
        is_certificate = b"BEGIN CERTIFICATE" in data
        key = (
            x509.load_pem_x509_certificate(data).public_key() if is_certificate else load_pem_public_key(data)
        )
    except (OSError, ValueError):
        raise ConfigError(f"{path}: no public key and no certificate in PEM") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError(f"{path}: not a P-256 key")
    return key


def _key_id(key: EllipticCurvePublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:32]
