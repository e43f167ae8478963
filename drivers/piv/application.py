"""The PIV application of a card as methods; status words become meaning here."""

from __future__ import annotations

from typing import Final

from drivers.jpki.apdu import NE_SHORT, Command, Ins, Response, Sw, tries_left
from drivers.jpki.application import NotAllowed, NotFound, Verified, WrongSecret
from drivers.jpki.processors import Processor
from drivers.piv import codec
from drivers.piv.codec import KeyPlace
from kiosk.errors import PeerProtocolError

GET_DATA: Final = 0xCB
GENERAL_AUTHENTICATE: Final = 0x87
_CHAINED: Final = 0x10
_PIECE: Final = 255


class Piv:
    def __init__(self, processor: Processor) -> None:
        self._card = processor

    def open(self) -> None:
        """Select it; what was verified is forgotten. NotFound: this is no staff card."""
        if self._card.send(Command(0x00, Ins.SELECT, 0x04, 0x00, codec.SHORT_AID, NE_SHORT)).sw != Sw.OK:
            raise NotFound

    def certificate(self, place: KeyPlace) -> bytes:
        """DER. NotFound: the card has no such key."""
        asked = Command(0x00, GET_DATA, 0x3F, 0xFF, codec.object_request(place.certificate), NE_SHORT)
        return codec.certificate_of(_expect(self._card.send(asked)).data)

    def tries(self) -> int:
        """Left of the PIN, asked without burning one."""
        answer = self._card.send(Command(0x00, Ins.VERIFY, 0, codec.PIN_REFERENCE))
        left = tries_left(answer.sw)
        if left is None:
            raise PeerProtocolError(f"PIV: asked for tries, it said {answer.sw:04X}")
        return left

    def verify(self, digits: bytearray) -> Verified:
        """Present the PIN, once. Whoever made `digits` wipes them; the block is wiped here."""
        block = codec.pin_block(digits)
        try:
            answer = self._card.send(Command(0x00, Ins.VERIFY, 0, codec.PIN_REFERENCE, block))
        finally:
            block[:] = bytes(len(block))
        if answer.sw == Sw.OK:
            return Verified(None, None)
        left = tries_left(answer.sw)
        if left is None:
            raise PeerProtocolError(f"PIV: to a VERIFY it said {answer.sw:04X}")
        return Verified(WrongSecret.REJECTED if left else WrongSecret.BLOCKED, left)

    def sign(self, place: KeyPlace, certificate: bytes, message: bytes) -> bytes:
        """Signature over SHA-256 of the message. NotAllowed before the PIN."""
        algorithm, block = codec.algorithm_and_block(certificate, message)
        data = codec.sign_request(block)
        while len(data) > _PIECE:  # ISO/IEC 7816-4 §5.1.1.1, as PIV wants it: every card can do that
            piece, data = data[:_PIECE], data[_PIECE:]
            _expect(
                self._card.send(Command(_CHAINED, GENERAL_AUTHENTICATE, algorithm, place.reference, piece))
            )
        last = Command(0x00, GENERAL_AUTHENTICATE, algorithm, place.reference, data, NE_SHORT)
        return codec.signature_of(_expect(self._card.send(last)).data)


def _expect(answer: Response) -> Response:
    if answer.sw == Sw.OK:
        return answer
    if answer.sw == Sw.NOT_FOUND:
        raise NotFound
    if answer.sw in (Sw.NOT_VERIFIED, Sw.CONDITIONS):
        raise NotAllowed
    raise PeerProtocolError(f"PIV: it said {answer.sw:04X}")
