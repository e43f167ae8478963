"""A staff card on the reader: who it says it is, its PIN once, one signature. No thread, socket or clock.

The core knows who is on its list and judges the certificate; here a card is asked, and nothing is believed.
"""

from __future__ import annotations

import contextlib

from drivers.jpki.application import NotFound, Verified
from drivers.jpki.processors import Processor
from drivers.piv.application import Piv
from drivers.piv.codec import AUTHENTICATION, CARD_AUTHENTICATION, PIN_BYTES, PIN_MIN, KeyPlace
from kiosk import ports
from kiosk.errors import PeerProtocolError
from kiosk.ids import DeviceId

PIN_LENGTHS = (PIN_MIN, PIN_BYTES)


class StaffCard:
    """Raises what Piv raises."""

    def __init__(self, processor: Processor) -> None:
        self._piv = Piv(processor)
        self._piv.open()
        self._certificates = {place: self._read(place) for place in (AUTHENTICATION, CARD_AUTHENTICATION)}
        if not any(self._certificates.values()):
            raise NotFound
        self.attempts_left = self._piv.tries()

    def _read(self, place: KeyPlace) -> bytes:
        with contextlib.suppress(NotFound):
            return self._piv.certificate(place)
        return b""

    def told(self, device: DeviceId) -> ports.StaffCardRead:
        shown = self._certificates
        return ports.StaffCardRead(
            device, shown[AUTHENTICATION], shown[CARD_AUTHENTICATION], self.attempts_left
        )

    def verify(self, secret: bytearray) -> Verified:
        """Once. The caller wipes it."""
        end = self._piv.verify(secret)
        self.attempts_left = self.attempts_left if end.left is None else end.left
        return end

    def tries(self) -> int:
        return self._piv.tries()

    def sign(self, message: bytes, *, is_tap: bool) -> tuple[bytes, bytes]:
        """(certificate, signature). PeerProtocolError: the card has no such key."""
        place = CARD_AUTHENTICATION if is_tap else AUTHENTICATION
        certificate = self._certificates[place]
        if not certificate:
            raise PeerProtocolError("PIV: no such key on this card")
        return certificate, self._piv.sign(place, certificate, message)
