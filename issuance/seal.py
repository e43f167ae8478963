"""The visible seals: a code on every front that says which paper this is, and a code on every back that says what its
front says, both signed by the town. Pure but for the drawing.

COSE_Sign1 (RFC 9052) with Ed25519, tagged; payload a CBOR map (RFC 8949 §4.2, deterministic) of small numbers:
1 municipality code, 2 kind, 3 発行番号, 4 issue time (seconds since 1970). On the front that is all: no name, no
birthday, nothing of anybody. It stands in a QR code as `<the town's address>#<base64url>`: what follows `#` is never
sent to a server.

On the back: 5 this sheet, 6 of how many, 7 title, 8 [[heading, value], …], 9 headings of a table, 10 its lines,
11 rows [[label, text, aside], …]; every text exactly as it is printed, with its variation selectors; no 個人番号. That
map is deflated (RFC 1951) before it is signed, the protected header says so with content format 65000 (RFC 7252
§12.3, experimental use), and the fragment is `B.` and base32 (RFC 4648, no padding): capitals and digits cost a QR code
least. What such codes prove, and what a copied one cannot: docs/adr/0013 and 0014."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import zxingcpp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

_COSE_SIGN1 = b"\xd2\x84"  # tag 18, array of 4
_BASE64URL = re.compile("[A-Za-z0-9_-]+")  # Python's decoder would skip anything else
_ALGORITHM, _CONTENT, _KEY_ID, _EDDSA = 1, 3, 4, -8
_DEFLATED = 65000
_BACK = "B."
_MOST_BYTES = 64_000
"""Of an inflated back; one of four people has 2,000."""

Item = int | bytes | str | Sequence["Item"] | Mapping[int, "Item"]


class Claim(msgspec.Struct, frozen=True):
    """What the seal says."""

    town: str
    kind: str
    serial: str
    at: int


class Sheet(msgspec.Struct, frozen=True):
    """What the code on a sheet's back says of its front."""

    number: int
    total: int
    title: str
    fields: list[list[str]]
    headings: list[str]
    table: list[list[str]]
    rows: list[list[str]]


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
        self._protected_back = cbor(
            {_ALGORITHM: _EDDSA, _CONTENT: _DEFLATED, _KEY_ID: key_id(key.public_key())}
        )

    def text(self, claim: Claim) -> str:
        """What the code on a front holds."""
        signed = self._signed(self._protected, cbor(_front(claim)))
        return f"{self._address}#{base64.urlsafe_b64encode(signed).decode().rstrip('=')}"

    def back_text(self, claim: Claim, sheet: Sheet) -> str:
        """What the code on a back holds."""
        fields = (
            sheet.number,
            sheet.total,
            sheet.title,
            sheet.fields,
            sheet.headings,
            sheet.table,
            sheet.rows,
        )
        said: dict[int, Item] = {**_front(claim), **dict(enumerate(fields, start=5))}
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        payload = deflate.compress(cbor(said)) + deflate.flush()
        signed = self._signed(self._protected_back, payload)
        return f"{self._address}#{_BACK}{base64.b32encode(signed).decode().rstrip('=')}"

    def _signed(self, protected: bytes, payload: bytes) -> bytes:
        signature = self._key.sign(_to_be_signed(protected, payload))
        return _COSE_SIGN1 + cbor(protected) + b"\xa0" + cbor(payload) + cbor(signature)


_MASK = 3
"""(row + column) mod 3 = 0 (ISO/IEC 18004 §7.8.2)."""


def draw(text: str) -> bytes:
    """The QR code as a PNG of one bit and one pixel a module, without its quiet zone; level M (15 %): paper is folded
    and stamped. Always the same of the standard's eight masks: trying all takes four times as long, and what
    is signed and deflated has no patterns of its own to hide. (The library's own SVG takes ten times as long.)"""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M", data_mask=_MASK)
    image: Any = zxingcpp.write_barcode_to_image(
        code, add_quiet_zones=False
    )  # a buffer, which its types do not say
    return _png(memoryview(image))


_DIGITS = b"0" + b"1" * 255
"""Black (0) and white as digits of base 2."""


def _png(image: memoryview) -> bytes:
    """Grey values, row after row, as PNG of one bit a pixel."""
    height, width = image.shape or (0, 0)
    digits, rows = bytes(image).translate(_DIGITS), []
    for at in range(0, height * width, width):
        bits = int(digits[at : at + width], 2) << -width % 8
        rows.append(b"\0" + bits.to_bytes(-(-width // 8), "big"))
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    framed = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def texts_in(picture: Any) -> list[str]:
    """What the QR codes in a picture (PIL image) hold: a scanned paper."""
    return [
        found.text
        for found in zxingcpp.read_barcodes(picture)
        if found.format == zxingcpp.BarcodeFormat.QRCode
    ]


def read(text: str, keys: Mapping[bytes, ed25519.Ed25519PublicKey]) -> Claim | None:
    """What the code of a front says, if one of these keys signed it. None: no seal of this town."""
    fragment = text.partition("#")[2]
    try:
        data = base64.urlsafe_b64decode(fragment + "==") if _BASE64URL.fullmatch(fragment) else b""
        return _claim(_opened(data, keys, {_ALGORITHM: _EDDSA}))
    except (ValueError, InvalidSignature):
        return None


def read_back(text: str, keys: Mapping[bytes, ed25519.Ed25519PublicKey]) -> tuple[Claim, Sheet] | None:
    """What the code of a back says, if one of these keys signed it."""
    fragment = text.partition("#")[2]
    try:
        if not fragment.startswith(_BACK):
            return None
        coded = fragment.removeprefix(_BACK)
        signed = base64.b32decode(coded + "=" * (-len(coded) % 8))
        payload = _opened(signed, keys, {_ALGORITHM: _EDDSA, _CONTENT: _DEFLATED})
        said = _take(zlib.decompressobj(-15).decompress(payload, _MOST_BYTES))[0]
    except (ValueError, InvalidSignature, zlib.error):
        return None
    # Signed by the town, so this is its own writing.
    claim = Claim(*(said[label] for label in range(1, 5)))
    return claim, Sheet(*(said[label] for label in range(5, 12)))


def _opened(data: bytes, keys: Mapping[bytes, ed25519.Ed25519PublicKey], header: dict[int, Item]) -> bytes:
    """The payload that one of these keys signed; ValueError, InvalidSignature."""
    if not data.startswith(_COSE_SIGN1):
        raise ValueError("no COSE_Sign1")
    protected, rest = _take_bytes(data[2:])
    if rest[:1] != b"\xa0":
        raise ValueError("an unprotected header")
    payload, rest = _take_bytes(rest[1:])
    signature, rest = _take_bytes(rest)
    key = keys.get(protected[-8:])
    if rest or key is None or protected != cbor(header | {_KEY_ID: protected[-8:]}):
        raise ValueError("another form or key")
    key.verify(signature, _to_be_signed(protected, payload))
    return payload


def _front(claim: Claim) -> dict[int, Item]:
    return {1: claim.town, 2: claim.kind, 3: claim.serial, 4: claim.at}


def cbor(item: Item) -> bytes:
    """The deterministic encoding of what we use of CBOR."""
    if isinstance(item, int):
        return _head(0, item) if item >= 0 else _head(1, -1 - item)
    if isinstance(item, bytes):
        return _head(2, len(item)) + item
    if isinstance(item, str):
        return _head(3, len(item.encode())) + item.encode()
    if not isinstance(item, Mapping):
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


def _take(data: bytes) -> tuple[Any, bytes]:
    """One item of what `cbor` writes, and what follows it; ValueError."""
    if not data:
        raise ValueError("nothing there")
    major, small = data[0] >> 5, data[0] & 0x1F
    if small > 27 or major > 5:
        raise ValueError("not what we write")
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(small, 0)
    value = int.from_bytes(data[1 : 1 + size], "big") if size else small
    rest = data[1 + size :]
    if len(data) < 1 + size or (major in {2, 3, 4} and len(rest) < value):
        raise ValueError("too short")
    if major < 2:
        return (value if major == 0 else -1 - value), rest
    if major < 4:
        return (rest[:value] if major == 2 else rest[:value].decode()), rest[value:]
    items = []
    for _ in range(value if major == 4 else 2 * value):
        item, rest = _take(rest)
        items.append(item)
    return (items if major == 4 else dict(zip(items[::2], items[1::2], strict=True))), rest


def _take_bytes(data: bytes) -> tuple[bytes, bytes]:
    item, rest = _take(data)
    if not isinstance(item, bytes):
        raise ValueError("not a byte string")
    return item, rest


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor(["Signature1", protected, b"", payload])


def _claim(payload: bytes) -> Claim:
    said, _ = _take(payload)
    return Claim(said[1], said[2], said[3], said[4])
