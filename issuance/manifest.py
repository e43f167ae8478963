"""What the server vouches for about one prepared document, signed with Ed25519 over the exact bytes sent.
Also the hash of an order, which the kiosk's key signs. Both formats are the contract's (openapi.yaml).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519


class Applicant(msgspec.Struct, frozen=True):
    name: str
    birth: str
    sex: str


class Manifest(msgspec.Struct, frozen=True):
    kiosk: str
    transaction: str
    line: str
    order_hash: str
    card_fingerprint: str
    serial: str
    sha256: str
    pages: int
    sides: str
    """`one-sided`, or `two-sided-long-edge`: each second page is the back of the one before."""
    applicant: Applicant
    holders: tuple[str, ...]
    format: str = "madoguchi/manifest/1"


_canonical = msgspec.json.Encoder(order="sorted")


def manifest_bytes(manifest: Manifest) -> bytes:
    """Canonical JSON: keys sorted, no spaces, UTF-8."""
    return _canonical.encode(manifest)


def order_bytes(
    *, kiosk: str, transaction: str, line: str, kind: str, options: Mapping[str, str], card_fingerprint: str
) -> bytes:
    """The canonical JSON of an order. Its SHA-256 is the order hash; the kiosk's key signs these bytes."""
    order = {
        "format": "madoguchi/order/1",
        "kiosk": kiosk,
        "transaction": transaction,
        "line": line,
        "kind": kind,
        "options": [[key, options[key]] for key in sorted(options)],
        "card_fingerprint": card_fingerprint,
    }
    return _canonical.encode(order)


def is_signed_by_kiosk(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the kiosk's enrolled key (EC P-256, PEM) made this DER signature over SHA-256 of the
    message.
    """
    key = serialization.load_pem_public_key(public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


class ManifestSigner:
    """The town's manifest key. In production it lies in an HSM behind the same one method."""

    def __init__(self, private_key_pem: bytes) -> None:
        key = serialization.load_pem_private_key(private_key_pem, password=None)
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise TypeError("the manifest key is an Ed25519 key")
        self._key = key

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    @property
    def public_pem(self) -> str:
        """What a kiosk checks manifests with."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return public.decode()
