"""One way between our value types and JSON: msgspec, with hooks for money. Strict: unknown fields are refused."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from kiosk.errors import PeerProtocolError
from kiosk.money import Cash, Denomination, Yen

T = TypeVar("T")


def _enc_hook(value: Any) -> Any:
    if isinstance(value, Yen):
        return value.value
    if isinstance(value, Cash):
        return {each.value: count for each, count in value.items()}
    raise TypeError("not a plain value")


def _dec_hook(kind: type, value: Any) -> Any:
    if kind is Yen:
        return Yen(value)
    if kind is Cash:
        return Cash({Denomination(each): count for each, count in value.items()})
    raise TypeError("not a plain value")


_encoder = msgspec.json.Encoder(enc_hook=_enc_hook, order="deterministic")


def encode(value: object) -> bytes:
    """Canonical JSON: keys in order, no spaces; the same value gives the same bytes."""
    return _encoder.encode(value)


class Codec(Generic[T]):
    """Reads one type: a Struct, or a union of tagged Structs. `RECORDS: Codec[AnyRecord] = Codec(AnyRecord)`."""

    def __init__(self, kind: Any) -> None:
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind, dec_hook=_dec_hook, strict=True)

    def encode(self, value: T) -> bytes:
        return encode(value)

    def decode(self, data: bytes) -> T:
        """The value; PeerProtocolError for anything else, without quoting what came."""
        try:
            return self._decoder.decode(data)
        except (msgspec.MsgspecError, ValueError, TypeError, AttributeError, RecursionError):
            raise PeerProtocolError("not a message that we know") from None  # the library quotes the payload
