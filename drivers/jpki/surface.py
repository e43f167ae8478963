"""券面事項確認AP: the card's face as pictures, signed, and the key that cannot be copied (facts/card.md §1.3, §2.3).

The signature is not an ordinary one: its DigestInfo names SHA-256 and carries 96 bytes, three hashes at once. Expiry
and the security code's picture are not covered by it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from drivers.jpki import cv
from drivers.jpki.apdu import NE_SHORT, Command, Ins, Sw
from drivers.jpki.application import Application, NotAllowed, Verified
from drivers.jpki.cv import NotBelieved, Roots
from drivers.jpki.rsa import RsaKey, digest_info, key_of_card

AID: Final = bytes.fromhex("D3921000310001010402")

EF_FACE, EF_SIGNER = 0x0002, 0x0004
BIRTH, NUMBER_B, NUMBER_A = 0x0011, 0x0012, 0x0013

_GROUPS: Final = ((0xDF22, 0xDF23, 0xDF24), (0xDF25, 0xDF26), (0xDF27,))
_BLOCK_HEAD: Final = bytes.fromhex("3071300D060960864801650304020105000460")


@dataclass(frozen=True, slots=True, repr=False)
class Face:
    """What is printed on the card. `photo` is JPEG 2000 from a stranger: decode it only where that can do no harm."""

    birth: bytes
    sex: bytes
    card_key: RsaKey
    photo: bytes

    def __repr__(self) -> str:
        return "Face()"


def believe(data: bytes, certificate: bytes, roots: Roots) -> Face:
    """The face of file 0002 when its signer is known to a pinned root. NotBelieved."""
    found = cv.children(data, 0xFF20)
    hashes = (
        hashlib.sha256(b"".join(cv.raw(data, 0xFF20, tag) for tag in group)).digest() for group in _GROUPS
    )
    block = _BLOCK_HEAD + b"".join(hashes)
    if not cv.signer(certificate, roots).has_signed_block(block, cv.value(found, 0xDF28)):
        raise NotBelieved("the face")
    return Face(
        cv.value(found, 0xDF22),
        cv.value(found, 0xDF23),
        key_of_card(cv.value(found, 0xDF24)),
        cv.value(found, 0xDF27),
    )


class SurfaceApplication(Application):
    """券面事項確認AP."""

    def open(self) -> None:
        self.select(AID)

    def verify_number_b(self, digits: bytearray) -> Verified:
        return self.verify(NUMBER_B, digits)

    def believed_face(self, roots: Roots, fresh: bytes) -> Face:
        """Read and believe, and prove that this card is no copy. NotAllowed, NotBelieved.

        It signs `fresh` (32 random bytes or more) with the key inside the signed record.
        """
        data, certificate = (self.read_object(ef, cv.object_length) for ef in (EF_FACE, EF_SIGNER))
        face = believe(data, certificate, roots)
        if not face.card_key.has_signed(fresh, self._sign_with_card_key(fresh)):
            raise NotBelieved("the card")
        return face

    def _sign_with_card_key(self, message: bytes) -> bytes:
        answer = self._card.send(
            Command(0x80, Ins.PERFORM_SECURITY_OPERATION, 0, 0, digest_info(message), NE_SHORT)
        )
        if answer.sw != Sw.OK:
            raise NotAllowed
        return answer.data
