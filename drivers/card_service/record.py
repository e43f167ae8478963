"""基本4情報 by the card's own PIN for it (券面事項入力補助用, four digits), where no 照合番号B was given.

It is another PIN than the one that signs: three tries of its own, and never tried with that one's digits by itself.
"""

from __future__ import annotations

from typing import Final

from drivers.card_service.surface import SurfaceUnusable, holder_of
from drivers.jpki.application import NotAllowed, NotFound
from drivers.jpki.cv import NotBelieved, Roots
from drivers.jpki.processors import Processor
from drivers.jpki.text import PIN, TextApplication
from kiosk.errors import PeerProtocolError
from kiosk.ports import CardHolder

LENGTH: Final = 4
FEWEST_TRIES: Final = 2
"""A card has three: the last one is never used here, only at the counter."""


class PinWrong(Exception):  # noqa: N818  # the card's answer, not a failure
    def __init__(self, left: int) -> None:
        super().__init__("the card refused the PIN")
        self.left = left


class RecordByPin:
    """One card's application, selected anew for each look: what lies between may have been another one."""

    def __init__(self, processor: Processor, roots: Roots) -> None:
        self._text = TextApplication(processor)
        self._roots = roots

    def tries(self) -> int:
        """Left, none used. SurfaceUnusable when it is not to be asked for."""
        if not self._roots:
            raise SurfaceUnusable("no-roots")
        try:
            self._text.open()
            left = self._text.tries(PIN)
        except (PeerProtocolError, NotFound, NotAllowed):
            raise SurfaceUnusable("protocol") from None
        if left is None or left < FEWEST_TRIES:
            raise SurfaceUnusable("few-tries")
        return left

    def read(self, pin: bytearray) -> CardHolder:
        """One VERIFY, whose digits are wiped. PinWrong, SurfaceUnusable; DeviceTimeout and DeviceUnavailable pass."""
        try:
            self._text.open()
            end = self._text.verify_pin(pin)
            if end.wrong is not None:
                raise PinWrong(end.left or 0)
            return holder_of(self._text.believed_facts(self._roots))
        except NotBelieved:
            raise SurfaceUnusable("not-believed") from None
        except (PeerProtocolError, NotFound, NotAllowed):
            raise SurfaceUnusable("protocol") from None
        finally:
            pin[:] = bytes(len(pin))
