"""The visible seal: a code on every page that says which paper this is, signed by the town. Pure but for the drawing.

COSE_Sign1 (RFC 9052) with Ed25519, tagged; payload a CBOR map (RFC 8949 §4.2, deterministic) of small numbers:
1 municipality code, 2 kind, 3 発行番号, 4 issue time (seconds since 1970). No name, no birthday, nothing of
anybody. It stands in a QR code as `<the town's address>#<base64url>`: what follows `#` is never sent to a server.
What such a code proves, and what a copied one cannot: docs/adr/0013."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import zxingcpp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

_COSE_SIGN1 = b"\xd2\x84"  # tag 18, array of 4
_BASE64URL = re.compile("[A-Za-z0-9_-]+")  # Python's decoder would skip anything else
_ALGORITHM, _KEY_ID, _EDDSA = 1, 4, -8

Item = int | bytes | str | list["Item"] | dict[int, "Item"]


class Claim(msgspec.Struct, frozen=True):
    """What the seal says."""

    town: str
    kind: str
    serial: str
    at: int


def key_id(key: ed25519.Ed25519PublicKey) -> bytes:
    """The first eight bytes of the SHA-256 of the raw key."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).digest()[:8]


class Sealer:
    """The town's seal key in use now, and the address that its codes name."""

    def __init__(self, private_key_pem: bytes, address: str) -> None:
        key = serialization.load_pem_private_key(private_key_pem, password=None)
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise TypeError("the seal key is an Ed25519 key")
        self._key = key
        self._address = address
        self._protected = cbor({_ALGORITHM: _EDDSA, _KEY_ID: key_id(key.public_key())})

    def text(self, claim: Claim) -> str:
        """What the code holds."""
        payload = cbor({1: claim.town, 2: claim.kind, 3: claim.serial, 4: claim.at})
        signature = self._key.sign(_to_be_signed(self._protected, payload))
        parts = cbor(self._protected) + b"\xa0" + cbor(payload) + cbor(signature)
        return f"{self._address}#{base64.urlsafe_b64encode(_COSE_SIGN1 + parts).decode().rstrip('=')}"


def draw(text: str) -> str:
    """The QR code as SVG, one unit a module, without its quiet zone; level M (15 %): paper is folded and stamped."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return str(zxingcpp.write_barcode_to_svg(code, add_quiet_zones=False))


def texts_in(picture: Any) -> list[str]:
    """What the QR codes in a picture (PIL image) hold: a scanned paper."""
    return [
        found.text
        for found in zxingcpp.read_barcodes(picture)
        if found.format == zxingcpp.BarcodeFormat.QRCode
    ]


def read(text: str, keys: Mapping[bytes, ed25519.Ed25519PublicKey]) -> Claim | None:
    """What a code says, if one of these keys signed it. None: no seal of this town."""
    try:
        fragment = text.partition("#")[2]
        data = base64.urlsafe_b64decode(fragment + "==") if _BASE64URL.fullmatch(fragment) else b""
        if not data.startswith(_COSE_SIGN1):
            return None
        protected, rest = _take_bytes(data[2:])
        if rest[:1] != b"\xa0":
            return None
        payload, rest = _take_bytes(rest[1:])
        signature, rest = _take_bytes(rest)
        key = keys.get(protected[-8:])
        if rest or key is None or protected != cbor({_ALGORITHM: _EDDSA, _KEY_ID: protected[-8:]}):
            return None
        key.verify(signature, _to_be_signed(protected, payload))
    except (ValueError, InvalidSignature):
        return None
    return _claim(payload)


def cbor(item: Item) -> bytes:
    """The deterministic encoding of what we use of CBOR."""
    if isinstance(item, int):
        return _head(0, item) if item >= 0 else _head(1, -1 - item)
    if isinstance(item, bytes):
        return _head(2, len(item)) + item
    if isinstance(item, str):
        return _head(3, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return _head(4, len(item)) + b"".join(map(cbor, item))
    pairs = sorted((cbor(key), cbor(value)) for key, value in item.items())
    return _head(5, len(item)) + b"".join(key + value for key, value in pairs)


def _head(major: int, value: int) -> bytes:
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * size:
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise ValueError("too large for CBOR")


def _take_bytes(data: bytes) -> tuple[bytes, bytes]:
    """A byte string of less than 64 kB, and what follows it."""
    kind, small = data[0] >> 5 if data else 0, data[0] & 0x1F if data else 0
    size = {24: 1, 25: 2}.get(small, 0)
    length = int.from_bytes(data[1 : 1 + size], "big") if size else small
    end = 1 + size + length
    if kind != 2 or small > 25 or len(data) < end:
        raise ValueError("not a byte string")
    return data[1 + size : end], data[end:]


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor(["Signature1", protected, b"", payload])


def _claim(payload: bytes) -> Claim | None:
    """The four items in their only order. Signed by the town, so this is its own writing."""
    found: list[str | int] = []
    rest = payload[1:]
    for label in range(1, 5):
        if rest[:1] != bytes([label]) or len(rest) < 2:
            return None
        major, small = rest[1] >> 5, rest[1] & 0x1F
        size = {24: 1, 25: 2, 26: 4, 27: 8}.get(small, 0)
        value = int.from_bytes(rest[2 : 2 + size], "big") if size else small
        rest = rest[2 + size :]
        found.append(value if major == 0 else rest[:value].decode())
        rest = rest if major == 0 else rest[value:]
    town, kind, serial, at = found
    return Claim(str(town), str(kind), str(serial), int(at))
