"""A bundle as a file: what it says, signed by the town (Ed25519). PURE.

One JSON object: `payload` (base64 of the exact bytes that are signed) and `signature`. The payload is canonical JSON:
format, version (a whole number that only grows), kiosk (a name, or `*` for all), made (UTC), files. A bundle for all
carries the town's file only; a machine keeps its own.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from kiosk.errors import ConfigError

FORMAT = "madoguchi/bundle/1"
MACHINE, TOWN = "machine.toml", "municipality.toml"
NAMES = (MACHINE, TOWN)
ALL = "*"
SIZE_MAX = 4 * 1024 * 1024


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    version: int
    kiosk: str
    made: str
    files: dict[str, str]


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    payload: str
    signature: str


@dataclass(frozen=True)
class Signer:
    """The town's private key for bundles; it lives where configurations are made, never on a kiosk."""

    key: Ed25519PrivateKey

    @classmethod
    def of(cls, pem: bytes) -> Signer:
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            raise ConfigError("the key for bundles is not a private key in PEM") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigError("the key for bundles is not an Ed25519 key")
        return cls(key)

    def seal(self, version: int, kiosk: str, files: Mapping[str, str], made: datetime) -> bytes:
        """The file. ConfigError: a version under 1, or files that a bundle of this reach may not have."""
        bundle = Bundle(FORMAT, version, kiosk, made.strftime("%Y-%m-%dT%H:%M:%SZ"), dict(files))
        _must_be_whole(bundle)
        payload = msgspec.json.encode(bundle, order="sorted")
        envelope = {
            "payload": base64.b64encode(payload).decode(),
            "signature": base64.b64encode(self.key.sign(payload)).decode(),
        }
        return json.dumps(envelope, indent=1).encode() + b"\n"


def opened(data: bytes, key_pem: bytes) -> Bundle:
    """ConfigError: too large, not a bundle, or not signed by this key. Nothing of it is read before that."""
    if len(data) > SIZE_MAX:
        raise ConfigError("bundle: too large")
    try:
        key = load_pem_public_key(key_pem)
    except ValueError:
        raise ConfigError("the town's key for bundles cannot be read") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError("the town's key for bundles is not an Ed25519 key")
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
        payload = base64.b64decode(envelope.payload, validate=True)
        key.verify(base64.b64decode(envelope.signature, validate=True), payload)
        bundle = msgspec.json.decode(payload, type=Bundle)
    except InvalidSignature:
        raise ConfigError("bundle: not signed by the town's key") from None
    except (msgspec.DecodeError, binascii.Error, UnicodeDecodeError, RecursionError):
        raise ConfigError("bundle: not of the form") from None
    _must_be_whole(bundle)
    return bundle


def _must_be_whole(bundle: Bundle) -> None:
    if bundle.format != FORMAT:
        raise ConfigError("bundle: of a format that this release does not read")
    if not 1 <= bundle.version < 2**31:
        raise ConfigError("bundle: a version from 1 on is expected")
    expected = {TOWN} if bundle.kiosk == ALL else {MACHINE, TOWN}
    if set(bundle.files) != expected:
        raise ConfigError(f"bundle: {' and '.join(sorted(expected))} are expected for kiosk {bundle.kiosk}")
