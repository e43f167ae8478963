"""The card's photo before anybody decodes it: JPEG 2000's own words about its size (ISO/IEC 15444-1).

The bytes come from a card that somebody made. OpenJPEG has had faults, so a picture that says it is anything but a
small portrait never reaches it: the SIZ marker (A.5.1) is read here, and what is unusual is refused. The decoder runs
in a process that has nothing to lose (photo.py, hardening.py). The signed record was believed before (drivers/jpki),
but a valid signature is no reason to trust a decoder.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from kiosk.errors import PeerProtocolError
from kiosk.ipc.photo_slot import PHOTO_MAX

SIDE_MIN: Final = 64
SIDE_MAX: Final = 1024
_TILES_MAX: Final = 16
_BOXES_MAX: Final = 32

_SIGNATURE: Final = bytes.fromhex("0000000C6A5020200D0A870A")
_CODESTREAM: Final = bytes.fromhex("FF4FFF51")
"""SOC, then SIZ: always the first two."""
_SIZ: Final = struct.Struct(">HHIIIIIIIIH")


@dataclass(frozen=True, slots=True)
class PhotoSize:
    width: int
    height: int
    components: int


def photo_size(data: bytes) -> PhotoSize:
    """What the photo says of itself. PeerProtocolError for all but a small grey or colour JPEG 2000 picture."""
    if len(data) > PHOTO_MAX:
        raise PeerProtocolError("photo: too long")
    at = _codestream(data)
    if data[at : at + 4] != _CODESTREAM:
        raise PeerProtocolError("photo: no codestream")
    if len(data) < at + 4 + _SIZ.size:
        raise PeerProtocolError("photo: cut off")
    length, _, right, bottom, left, top, tile_w, tile_h, tile_x, tile_y, count = _SIZ.unpack_from(
        data, at + 4
    )
    depths = data[at + 4 + _SIZ.size : at + 4 + length]
    if count not in (1, 3) or length != _SIZ.size + 3 * count or len(depths) != 3 * count:
        raise PeerProtocolError("photo: not grey and not colour")
    if any(depths[index : index + 3] != b"\x07\x01\x01" for index in range(0, len(depths), 3)):
        raise PeerProtocolError("photo: not 8 bits a sample, side by side")
    if (
        left
        or top
        or tile_x
        or tile_y
        or not (SIDE_MIN <= right <= SIDE_MAX and SIDE_MIN <= bottom <= SIDE_MAX)
    ):
        raise PeerProtocolError("photo: not the size of a portrait")
    if not tile_w or not tile_h or -(-right // tile_w) * -(-bottom // tile_h) > _TILES_MAX:
        raise PeerProtocolError("photo: too many tiles")
    return PhotoSize(right, bottom, count)


def _codestream(data: bytes) -> int:
    """Where the codestream begins: at once, or in the box jp2c (Annex I)."""
    if not data.startswith(_SIGNATURE):
        return 0
    at = 0
    for _ in range(_BOXES_MAX):
        if len(data) < at + 8:
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"jp2c":
            return at + (16 if length == 1 else 8)
        if length < 8:  # 0: to the end, 1: eight bytes of length; neither has a place in a portrait's head
            break
        at += length
    raise PeerProtocolError("photo: no codestream")
