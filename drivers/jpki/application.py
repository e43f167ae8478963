"""Applications of the card as methods: each operation turns status words into meaning in one place.

Every file and reference is addressed by its short identifier inside the command itself, so that no SELECT
of a file is needed: one authentication is six exchanges (README.md). A card that refuses this is asked by
SELECT.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from drivers.jpki import codec
from drivers.jpki.apdu import NE_SHORT, Command, Ins, Response, Sw, tries_left
from drivers.jpki.codec import Ef
from drivers.jpki.processors import Processor
from drivers.jpki.profile import KeySet
from drivers.jpki.rsa import digest_info
from kiosk.errors import PeerProtocolError

READ_AT_ONCE = 2048
"""Extended Le of a certificate read: today's certificates fit, and no reader's buffer is too small for it."""

_PIECES_MAX = 160
"""Of one file: the longest has 32 KiB, the shortest pieces that a reader forces upon us are 256 bytes."""

_P2_SFI_READ = 0x80
_OFFSET_MAX = 0x7FFF


class WrongSecret(enum.Enum):
    """What an unverified secret means."""

    REJECTED = "rejected"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Verified:
    """The end of one VERIFY. `left` counts after a wrong secret; it is None after a right one."""

    wrong: WrongSecret | None
    left: int | None


class NotFound(Exception):  # noqa: N818  # an answer, caught one line above; not a failure
    """The application or file is not on this card."""


class NotAllowed(Exception):  # noqa: N818  # as above
    """The card wants a secret first."""


class Application:
    """What all applications of the card have in common: select, read, count tries, verify, sign."""

    def __init__(self, processor: Processor) -> None:
        self._card = processor

    def select(self, aid: bytes) -> None:
        """Begin with an application; its security status is cleared. NotFound, in whatever words a card says it."""
        if self._card.send(Command(0x00, Ins.SELECT, 0x04, 0x0C, aid)).sw != Sw.OK:
            raise NotFound

    def read(self, ef: int, limit: int) -> bytes:
        """The first bytes of a file, at least one and at most `limit`, in one exchange. NotFound,
        NotAllowed.
        """
        answer = self._card.send(Command(0x00, Ins.READ_BINARY, _P2_SFI_READ | ef & 0x1F, 0, ne=limit))
        if answer.sw in (
            Sw.WRONG_P1P2,
            Sw.WRONG_OFFSET,
        ):  # no short identifiers here: select, and read on from 0
            _expect(self._card.send(Command(0x00, Ins.SELECT, 0x02, 0x0C, ef.to_bytes(2, "big"))))
            answer = self._card.send(Command(0x00, Ins.READ_BINARY, 0, 0, ne=limit))
        return _expect(answer).data

    def read_on(self, offset: int, limit: int) -> bytes:
        """More of the file read last."""
        if offset > _OFFSET_MAX:
            raise PeerProtocolError("card: a file of a size that cards do not have")
        return _expect(
            self._card.send(Command(0x00, Ins.READ_BINARY, offset >> 8, offset & 0xFF, ne=limit))
        ).data

    def read_object(self, ef: int, length_of: Callable[[bytes], int]) -> bytes:
        """A file up to the end of what it holds: `length_of` tells that from its beginning. NotFound, NotAllowed."""
        data = self.read(ef, READ_AT_ONCE)
        size = length_of(data)
        for _ in range(_PIECES_MAX):
            if len(data) >= size:
                return data[:size]
            data += self.read_on(len(data), min(READ_AT_ONCE, size - len(data)))
        raise PeerProtocolError("card: a file does not end")

    def tries(self, reference: int) -> int | None:
        """Tries left of a secret, asked without burning one: VERIFY with no data (ISO/IEC 7816-4 §7.5.6). None: there
        is nothing to verify any more.
        """
        answer = self._card.send(Command(0x00, Ins.VERIFY, 0, 0x80 | reference & 0x1F))
        if answer.sw == Sw.OK:
            return None
        left = tries_left(answer.sw)
        if left is None:
            raise PeerProtocolError(f"card: asked for tries, it said {answer.sw:04X}")
        return left

    def verify(self, reference: int, secret: bytearray) -> Verified:
        """Present a secret, once. Whoever made it wipes it."""
        answer = self._card.send(Command(0x00, Ins.VERIFY, 0, 0x80 | reference & 0x1F, secret))
        if answer.sw == Sw.OK:
            return Verified(None, None)
        left = tries_left(answer.sw)
        if left is None:
            raise PeerProtocolError(f"card: to a VERIFY it said {answer.sw:04X}")
        return Verified(WrongSecret.REJECTED if left else WrongSecret.BLOCKED, left)

    def sign(self, key: int, block: bytes) -> bytes:
        """PERFORM SECURITY OPERATION: the key signs `block` with PKCS#1 v1.5 padding. NotAllowed."""
        command = Command(0x80, Ins.PERFORM_SECURITY_OPERATION, 0x00, 0x80 | key & 0x1F, block, NE_SHORT)
        return _expect(self._card.send(command)).data


class Jpki(Application):
    """公的個人認証AP."""

    def open(self) -> None:
        self.select(codec.AID)

    def token(self) -> bytes:
        """The label's part of the token information."""
        return self.read(Ef.TOKEN, codec.LABEL_BYTES)

    def certificate(self, keys: KeySet) -> bytes:
        """DER without the file's padding, in one exchange where lengths allow it. NotAllowed before its secret."""
        return self.read_object(keys.certificate, codec.certificate_length)

    def tries_of(self, keys: KeySet) -> int | None:
        return self.tries(keys.secret)

    def verify_secret(self, keys: KeySet, secret: bytearray) -> Verified:
        return self.verify(keys.secret, secret)

    def sign_message(self, keys: KeySet, message: bytes) -> bytes:
        """Signature over SHA-256 of the message. NotAllowed before the secret."""
        return self.sign(keys.key, digest_info(message))

    def has_sign_certificate(self) -> bool:
        return codec.has_sign_certificate(self.read(Ef.AVAILABILITY, 3))


def _expect(answer: Response) -> Response:
    """The answer when it is 9000; otherwise the meaning of the status word."""
    if answer.sw == Sw.OK:
        return answer
    if answer.sw == Sw.NOT_FOUND:
        raise NotFound
    if answer.sw in (Sw.NOT_VERIFIED, Sw.CONDITIONS):
        raise NotAllowed
    raise PeerProtocolError(f"card: it said {answer.sw:04X}")
