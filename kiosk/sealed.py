"""Sealed codes: what this machine knows of a code that lies in an envelope in the town's safe. Never the code. Pure.

Of sixteen digits the card process makes a signing key (drivers/card_service/sealed.py: scrypt, then Ed25519); here is
the public half, and whether a signature over this machine's challenge is by it. `kiosk-card seal` makes both.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.ports import SealedKey
from kiosk.view import Role

MESSAGE_HEAD = b"madoguchi/sealed/1"
ROLES = (Role.TREASURER, Role.TECHNICIAN, Role.CASH_OFFICER)
"""Whose codes there may be, by what they may do: the least first."""


class Envelope(msgspec.Struct, frozen=True):
    """One envelope: whose it is (a number of the town's, never a name), what its holder may do, and its key."""

    holder: str
    role: Role
    key: SealedKey

    @property
    def id(self) -> str:
        """What the journal calls it; another code of the same holder is another one."""
        return self.key.public[:16]


def challenge(kiosk: str, nonce: str) -> bytes:
    """What the code's key signs: bound to this purpose, this machine and this one try."""
    return b"\n".join((MESSAGE_HEAD, kiosk.encode(), nonce.encode()))


def signer(seals: Iterable[Envelope], public: str, message: bytes, signature: bytes) -> Envelope | None:
    """Whose code made this signature; None: nobody's of these."""
    for each in seals:
        if each.key.public == public:
            try:
                Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, message)
            except (InvalidSignature, ValueError):
                return None
            return each
    return None
