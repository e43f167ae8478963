"""券面事項確認AP of the virtual card: the face of the card as pictures (facts/card.md §2.3).

The pictures are drawn, not photographed: this person does not exist.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import padding, utils
from PIL import Image, ImageDraw, ImageFont

from drivers.jpki import tlv
from drivers.jpki.sim.applications import (
    Contents,
    container,
    cv_certificate,
    key_id,
    padded,
    public_key,
    record_key,
    sign_record,
    used_card_key,
)
from drivers.jpki.sim.filesystem import Binary, Directory, File, PrivateKey, Reference
from drivers.jpki.sim.persons import MUNICIPALITY_CODE

AID: Final = bytes.fromhex("D3921000310001010402")
_PHOTO_SIZE: Final = (240, 320)
SURFACE_CV: Final = "9000023F"
_BLOCK_HEAD: Final = bytes.fromhex("3071300D060960864801650304020105000460")
"""A DigestInfo that says SHA-256 and carries 96 bytes: three hashes at once."""


def surface(contents: Contents) -> Directory:
    person, issuer = contents.person, contents.surface_issuer
    by_a, by_any = frozenset({0x13}), frozenset({0x12, 0x13})
    card_key = public_key(contents.card_key)
    birth = f"{person.birth:%Y%m%d}".encode()
    age = tlv.write(0xDF11, birth) + tlv.write(0xDF12, card_key)
    number = tlv.write(0xDF41, text_picture(person.number, (72, 12))) + tlv.write(0xDF42, card_key)
    basic = b"".join(
        (
            tlv.write(0xDF31, bytes.fromhex("06030E01")),
            tlv.write(0xDF32, key_id(SURFACE_CV, issuer)),
            tlv.write(0xDF33, b"\x01"),
            tlv.write(0xDF34, MUNICIPALITY_CODE.encode()),
            tlv.write(0xDF35, b"\x00" * 32),
        )
    )
    files: dict[int, File] = {
        0x0001: Binary(
            tlv.write(0xFF10, age + tlv.write(0xDF13, sign_record(issuer, age))), frozenset({0x11})
        ),
        0x0002: Binary(face(contents), by_any),
        0x0003: Binary(padded(tlv.write(0xFF30, basic), 256)),
        0x0004: Binary(cv_certificate(issuer, SURFACE_CV)),
        0x0005: Binary(tlv.write(0xFF40, number + tlv.write(0xDF43, sign_record(issuer, number))), by_a),
        0x0006: Binary(b"\xff" * 16, by_any),
        0x0011: Reference("birth"),
        0x0012: Reference("number.b"),
        0x0013: Reference("number.a"),
        0x001A: PrivateKey(used_card_key(contents)),
    }
    return Directory(AID, files, default_key=0x001A)


def face(contents: Contents) -> bytes:
    """EF 0002: everything that is printed, and the signature over all but expiry and security code."""
    person = contents.person
    texts = (
        tlv.write(0xDF22, f"{person.birth:%Y%m%d}".encode()),
        tlv.write(0xDF23, person.sex.encode()),
        tlv.write(0xDF24, public_key(contents.card_key)),
    )
    name = tlv.write(0xDF25, text_picture(person.text_name, (412, 48)))
    address = tlv.write(0xDF26, text_picture(person.address, (412, 96)))
    photo = tlv.write(0xDF27, contents.photo)
    shown = tlv.write(0xDF27, portrait("somebody else")) if contents.record == "other-photo" else photo
    groups = (b"".join(texts), name + address, photo)
    block = _BLOCK_HEAD + b"".join(hashlib.sha256(each).digest() for each in groups)
    key = record_key(contents, contents.surface_issuer)
    signature = key.sign(block, padding.PKCS1v15(), utils.NoDigestInfo())
    objects = [
        *texts,
        name,
        address,
        shown,
        tlv.write(0xDF28, signature),
        tlv.write(0xDF29, contents.expiry.encode()),
        tlv.write(0xDF2A, text_picture(person.security_code, (24, 12))),
    ]
    return container(0xFF20, 0xDF21, objects, contents.is_long_form)


def text_picture(text: str, size: tuple[int, int]) -> bytes:
    """A text as a black and white PNG."""
    picture = Image.new("1", size, 1)
    height = min(size[1], 24)
    draw = ImageDraw.Draw(picture)
    draw.text((0, 0), text, fill=0, font=_font(height - 2))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in ("ipamjm.ttf", "NotoSansCJK-Regular.ttc"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def photo_of(path: Path) -> bytes:
    """A picture as cards carry it: small, grey, JPEG 2000."""
    with Image.open(path) as opened:
        picture = opened.convert("L")
    picture.thumbnail(_PHOTO_SIZE)
    out = io.BytesIO()
    picture.save(out, "JPEG2000", quality_mode="dB", quality_layers=[36])
    return out.getvalue()


def portrait(key: str) -> bytes:
    """A drawn head, grey, JPEG 2000 of a few kilobytes; each card has its own proportions."""
    seed = hashlib.sha256(key.encode()).digest()
    width, height = _PHOTO_SIZE
    picture = Image.new("L", _PHOTO_SIZE, 235)
    draw = ImageDraw.Draw(picture)
    wide = 60 + seed[0] % 20
    middle, top, bottom = width // 2, 70 + seed[1] % 20, 250 - seed[2] % 20
    draw.ellipse((middle - 105, 235, middle + 105, height + 120), fill=90 + seed[3] % 60)
    draw.ellipse((middle - wide - 8, top - 26, middle + wide + 8, bottom - 40), fill=40 + seed[4] % 60)
    draw.ellipse((middle - wide, top, middle + wide, bottom), fill=190)
    eyes = top + (bottom - top) * 2 // 5
    for side in (-1, 1):
        x = middle + side * (wide // 2)
        draw.ellipse((x - 10, eyes - 5, x + 10, eyes + 5), fill=250)
        draw.ellipse((x - 4, eyes - 4, x + 4, eyes + 4), fill=30)
        draw.line((x - 14, eyes - 16, x + 14, eyes - 16), fill=60, width=4)
    draw.line((middle, eyes + 10, middle - 6, eyes + 50, middle + 6, eyes + 50), fill=140, width=3)
    draw.arc((middle - 28, bottom - 60, middle + 28, bottom - 28), 20, 160, fill=110, width=4)
    out = io.BytesIO()
    picture.save(out, "JPEG2000", quality_mode="rates", quality_layers=[12], irreversible=True)
    return out.getvalue()
