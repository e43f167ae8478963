"""A sealed code: sixteen digits from the keypad become a key, sign once, and are gone. No card has a part in it.

The code lies in an envelope in the town's safe. scrypt (RFC 7914) makes of it the seed of an Ed25519 key (RFC 8032);
the machine's file holds salt and public key, so that nothing here or in the core can tell the code. Sixteen digits are
53 bits, and a guess costs 32 MiB and a tenth of a second: a stolen disk does not give the code away.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.card_service.messages import CardEvent
from drivers.card_service.needs import Slots
from kiosk import ports
from kiosk.ids import DeviceId, SlotId
from kiosk.ports import SealedKey

DIGITS: Final = 16
LIFE_S: Final = 150.0
"""For typing it off a paper."""
_N, _R, _P = 2**15, 8, 1
_MEMORY_MOST: Final = 64 * 1024 * 1024
_SALT_BYTES: Final = 16


class SealedCode:
    """One slot for one code, whatever lies on the reader."""

    def __init__(self, device: DeviceId, post: Callable[[CardEvent], None], slots: Slots) -> None:
        self._device = device
        self._post = post
        self._slots = slots
        self._asked: ports.OpenCodeSlot | None = None

    @property
    def is_asking(self) -> bool:
        """The open slot is for a code."""
        return self._asked is not None

    def ask(self, command: ports.OpenCodeSlot) -> None:
        """The slot before is gone without a word: the core closed it, or asks anew."""
        self._slots.close()
        try:
            slot = self._slots.open(DIGITS, DIGITS, LIFE_S)
        except OSError:
            self._post(ports.CardFailed(self._device, "no-slot"))
            return
        self._asked = command
        self._post(ports.PinSlotOpened(self._device, slot, 0, DIGITS, DIGITS))

    def answer(self, code: bytearray) -> None:
        """The caller wipes it."""
        asked, self._asked = self._asked, None
        if asked is None:
            return
        for each in asked.keys:
            key = _key(code, bytes.fromhex(each.salt))
            if hmac.compare_digest(key.public_key().public_bytes_raw().hex(), each.public):
                self._post(ports.CodeSigned(self._device, asked.op, each.public, key.sign(asked.message)))
                return
        self._post(ports.CodeRejected(self._device))

    def spoilt(self, slot: SlotId) -> None:
        """Its slot ended without a code."""
        self._asked = None
        self._post(ports.PinSlotClosed(self._device, slot))


def make() -> tuple[str, SealedKey]:
    """A fresh code, for a person to write on paper, and what the machine's file is told of it."""
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    salt = secrets.token_bytes(_SALT_BYTES)
    public = _key(bytearray(code, "ascii"), salt).public_key().public_bytes_raw()
    return code, SealedKey(salt.hex(), public.hex())


def _key(code: bytearray, salt: bytes) -> Ed25519PrivateKey:
    seed = hashlib.scrypt(code, salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY_MOST, dklen=32)
    return Ed25519PrivateKey.from_private_bytes(seed)
