"""RSA with public keys only (RFC 8017 §8.2.2, §9.2): what is needed to believe a card, and nothing secret."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from drivers.jpki import tlv
from kiosk.errors import PeerProtocolError

_SHA256_PREFIX: Final = bytes.fromhex("3031300D060960864801650304020105000420")
"""RFC 8017 §9.2 note 1. The NULL is there: without it OpenSSL refuses the signature (facts §1.6)."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    """A public key of a size that cards have."""

    n: int
    e: int

    def __post_init__(self) -> None:
        if not 1024 <= self.n.bit_length() <= 4096 or not 3 <= self.e < 1 << 33:
            raise PeerProtocolError("RSA: a key of a size that cards do not have")

    def recover(self, signature: bytes) -> bytes:
        """The data that was signed with type 1 padding, without the padding. PeerProtocolError: not by this key."""
        size = (self.n.bit_length() + 7) // 8
        value = int.from_bytes(signature, "big")
        if len(signature) != size or value >= self.n:
            raise PeerProtocolError("RSA: the signature has another length than the key")
        block = pow(value, self.e, self.n).to_bytes(size, "big")
        end = block.find(b"\x00", 2)
        if block[:2] != b"\x00\x01" or end < 10 or block[2:end].strip(b"\xff"):
            raise PeerProtocolError("RSA: not a signature by this key")
        return block[end + 1 :]

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this is this key's signature over SHA-256 of the message."""
        return self.has_signed_block(digest_info(message), signature)

    def has_signed_block(self, block: bytes, signature: bytes) -> bool:
        try:
            return hmac.compare_digest(self.recover(signature), block)
        except PeerProtocolError:
            return False


def digest_info(message: bytes) -> bytes:
    """What a card pads and signs: DigestInfo of SHA-256 over the message, 51 bytes."""
    return _SHA256_PREFIX + hashlib.sha256(message).digest()


def key_of_card(data: bytes) -> RsaKey:
    """A key as these cards write it: `90` exponent, `91` modulus."""
    parts = tlv.read_all(data)
    if [each.tag for each in parts] != [0x90, 0x91]:
        raise PeerProtocolError("card: not a key")
    exponent, modulus = (int.from_bytes(each.value, "big") for each in parts)
    return RsaKey(modulus, exponent)
