"""Who signed a card's records: `7F21 { 5F4E body, 5F37 signature }`, by a pinned root (facts/card.md §2.2, §2.4).

The body is 297 bytes: the issuer's key id (16), the subject's key id (16), the subject's key. A root is pinned by its
key id; nothing that the card itself brings makes a root.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from drivers.jpki import tlv
from drivers.jpki.rsa import RsaKey, key_of_card
from kiosk.errors import PeerProtocolError

_KEY_ID_BYTES: Final = 16
_OBJECT_MAX: Final = 0x7FFF

Roots = Mapping[bytes, RsaKey]
"""Pinned keys by their 16-byte ids."""


class NotBelieved(Exception):  # noqa: N818  # an answer, not a failure of ours
    """A record, its signer or the card behind it is not what it says. The message says which, never what."""


def object_length(head: bytes) -> int:
    """Bytes of the object that a file begins with; what follows it is filler."""
    _, length, begin = tlv.read_header(head)
    if length > _OBJECT_MAX:
        raise PeerProtocolError("card: an object of a size that cards do not have")
    return begin + length


def signer(certificate: bytes, roots: Roots) -> RsaKey:
    """The record signer's key. NotBelieved: no root of ours signed it."""
    parts = tlv.read_all(tlv.read_tagged(certificate, 0x7F21).value)
    if [each.tag for each in parts] != [0x5F4E, 0x5F37]:
        raise PeerProtocolError("card: not a certificate of a record signer")
    body, signature = (each.value for each in parts)
    if len(body) <= 2 * _KEY_ID_BYTES:
        raise PeerProtocolError("card: the certificate is cut short")
    root = roots.get(body[:_KEY_ID_BYTES])
    if root is None or not root.has_signed(body, signature):
        raise NotBelieved("the record's signer")
    return key_of_card(body[2 * _KEY_ID_BYTES :])


def children(data: bytes, tag: int) -> dict[int, tlv.Tlv]:
    """The objects inside the container that `data` begins with, by tag; each may be there once."""
    found: dict[int, tlv.Tlv] = {}
    for each in tlv.read_all(tlv.read_tagged(data, tag).value):
        if each.tag in found:
            raise PeerProtocolError("card: an object that is there twice")
        found[each.tag] = each
    return found


def value(found: dict[int, tlv.Tlv], tag: int) -> bytes:
    """PeerProtocolError when it is not there."""
    if tag not in found:
        raise PeerProtocolError("card: an object is missing")
    return found[tag].value


def raw(data: bytes, tag: int, inner: int) -> bytes:
    """An object inside the container as the card wrote it, its length form included: that is what was hashed or signed.

    Empty when it is not there.
    """
    inside, at = tlv.read_tagged(data, tag).value, 0
    while at < len(inside):
        found, end = tlv.read(inside, at)
        if found.tag == inner:
            return inside[at:end]
        at = end
    return b""
