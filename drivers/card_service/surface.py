"""What 照合番号B opens: the card's own word on who its holder is, and the photo. Read, believed, or one code.

Never tries a number on a card that has few tries left, never a second time by itself (facts/card.md §8.1).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from drivers.jpki.application import Application, NotAllowed, NotFound, Verified
from drivers.jpki.cv import NotBelieved, Roots
from drivers.jpki.processors import Processor
from drivers.jpki.surface import NUMBER_B as SURFACE_NUMBER_B
from drivers.jpki.surface import SurfaceApplication
from drivers.jpki.text import NUMBER_B as TEXT_NUMBER_B
from drivers.jpki.text import BasicFacts, TextApplication
from kiosk.errors import PeerProtocolError
from kiosk.ports import CardHolder

FEWEST_TRIES: Final = 3
"""A card has ten for this number. Below this nobody here uses one up: the counter."""


@dataclass(frozen=True, slots=True, repr=False)
class Surface:
    """Believed. `photo` is JPEG 2000 and never decoded here."""

    holder: CardHolder
    photo: bytearray

    def __repr__(self) -> str:
        return "Surface()"


class NumberWrong(Exception):  # noqa: N818  # the card's answer, not a failure
    def __init__(self, left: int) -> None:
        super().__init__("the card does not know this number")
        self.left = left


class SurfaceUnusable(Exception):  # noqa: N818  # as above
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_surface(processor: Processor, number: bytearray, roots: Roots) -> Surface:
    """Both 券面 applications with one number, wiped in the end. NumberWrong, SurfaceUnusable; DeviceTimeout and
    DeviceUnavailable pass through.
    """
    try:
        if not roots:
            raise SurfaceUnusable("no-roots")
        surface, text = SurfaceApplication(processor), TextApplication(processor)
        surface.open()
        _verify(surface, SURFACE_NUMBER_B, number)
        face = surface.believed_face(roots, secrets.token_bytes(32))
        text.open()
        _verify(text, TEXT_NUMBER_B, number)
        facts = text.believed_facts(roots)
        if face.birth.isdigit() and len(face.birth) == 8 and face.birth != facts.birth.encode():
            raise NotBelieved("two records, two people")
        return Surface(holder_of(facts), bytearray(face.photo))
    except NotBelieved:
        raise SurfaceUnusable("not-believed") from None
    except (PeerProtocolError, NotFound, NotAllowed):
        raise SurfaceUnusable("protocol") from None
    finally:
        number[:] = bytes(len(number))


def _verify(application: Application, reference: int, number: bytearray) -> None:
    left = application.tries(reference)
    if left is None or left < FEWEST_TRIES:
        raise SurfaceUnusable("few-tries")
    once = bytearray(number)
    try:
        end: Verified = application.verify(reference, once)
    finally:
        once[:] = bytes(len(once))
    if end.wrong is not None:
        raise NumberWrong(end.left or 0)


def holder_of(facts: BasicFacts) -> CardHolder:
    """As the core knows a holder."""
    birth = f"{facts.birth[:4]}-{facts.birth[4:6]}-{facts.birth[6:]}"
    return CardHolder(facts.name, birth, facts.sex)
