"""What a card session needs of the outside: a reader's news, a powered card, roads for secrets and for the photo."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from drivers.card_service.pin_channel import SLOT_LIFE_S
from drivers.jpki.apdu import Connection
from kiosk.ids import SlotId


class Presence(Protocol):
    """What is known of the reader: drivers.transport.pcsc.ReaderState."""

    @property
    def reader(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def has_card(self) -> bool: ...
    @property
    def insertions(self) -> int: ...


class Card(Connection, Protocol):
    """A powered card, ours alone."""

    def is_gone(self, within_s: float) -> bool:
        """Whether it is taken away before `within_s` is over."""

    def close(self) -> None:
        """Take its power away. Twice is fine."""


class Slots(Protocol):
    """The road of the secret: drivers.card_service.pin_channel."""

    def open(
        self, min_length: int, max_length: int, life_s: float = SLOT_LIFE_S, has_letters: bool = False
    ) -> SlotId:
        """Wait for one packet; an older slot is gone. OSError when the road cannot be made."""

    def close(self) -> SlotId | None:
        """End the open slot, if there is one."""


class Roads(NamedTuple):
    """Ways of secrets in, and of the photo out."""

    screen: Slots
    camera: Slots
    """照合番号B as the vision process read it."""
    photo: Callable[[SlotId, bytearray], bool]
    """Whether the vision process took it."""
