"""nexo Sale to POI messages as JSON on a TCP stream. Pure: bytes in, messages out.

Frame (nexo Sale to POI Transport Protocols, TCP binding): four bytes, unsigned, big endian = length of what follows;
then that many bytes of UTF-8 JSON. No frame is empty, none is longer than `LENGTH_MAX`.

Message: an object with one member, `SaleToPOIRequest` or `SaleToPOIResponse`. In it `MessageHeader`
(ProtocolVersion, MessageClass, MessageCategory, MessageType, ServiceID, SaleID, POIID) and one object that is named
after category and type: `PaymentRequest`, `PaymentResponse`, `EventNotification`. Field names and enumerations are
those of the public Terminal API reference of Adyen, which says that it implements nexo 3.0; the full specification is
the members'.

Errors: whatever is not such a frame or message is a PeerProtocolError, and nothing else is ever raised. After one the
stream has no beginning any more: hang up, connect anew, ask for the status.
"""

from __future__ import annotations

import enum
from typing import Any, Final

import msgspec

from kiosk.errors import PeerProtocolError

PROTOCOL_VERSION: Final = "3.0"
LENGTH_MAX: Final = 65536
_HEAD: Final = 4
_ENVELOPES: Final = {"SaleToPOIRequest": ("Request", "Notification"), "SaleToPOIResponse": ("Response",)}


class NeedData(enum.Enum):
    NEED_DATA = enum.auto()


NEED_DATA: Final = NeedData.NEED_DATA


class Message(msgspec.Struct, frozen=True):
    """One message. `body` is the object named `category` + `kind`."""

    category: str
    """`Login`, `Payment`, `TransactionStatus`, `Abort`, `Reversal`, `Reconciliation`, `Diagnosis`, `Event`."""
    kind: str
    """`Request`, `Response`, `Notification`."""
    service_id: str
    sale_id: str
    poi_id: str
    body: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Message({self.category}{self.kind}, {self.service_id})"


class _Header(msgspec.Struct):
    """Members that we do not know are let be."""

    MessageCategory: str
    MessageType: str
    SaleID: str
    POIID: str
    ServiceID: str = ""


def encode(message: Message) -> bytes:
    """The frame. Too long a message is our own bug: ValueError."""
    payload = message_json(message)
    if len(payload) > LENGTH_MAX:
        raise ValueError("a message of more than LENGTH_MAX bytes")
    return len(payload).to_bytes(_HEAD, "big") + payload


def message_json(message: Message) -> bytes:
    """The JSON alone, without its length."""
    envelope = "SaleToPOIResponse" if message.kind == "Response" else "SaleToPOIRequest"
    header = {
        "ProtocolVersion": PROTOCOL_VERSION,
        "MessageClass": "Event" if message.category == "Event" else "Service",
        "MessageCategory": message.category,
        "MessageType": message.kind,
        "ServiceID": message.service_id,
        "SaleID": message.sale_id,
        "POIID": message.poi_id,
    }
    return msgspec.json.encode(
        {envelope: {"MessageHeader": header, message.category + message.kind: message.body}}
    )


def decode(payload: bytes) -> Message:
    """What one frame carries."""
    try:
        document = msgspec.json.decode(payload)
        if not isinstance(document, dict) or len(document) != 1:
            raise PeerProtocolError("cashless: not one message")
        envelope, inner = next(iter(document.items()))
        if envelope not in _ENVELOPES or not isinstance(inner, dict):
            raise PeerProtocolError("cashless: not a message of this protocol")
        header = msgspec.convert(inner.get("MessageHeader"), _Header)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise PeerProtocolError("cashless: no message in a frame") from None
    if header.MessageType not in _ENVELOPES[envelope]:
        raise PeerProtocolError("cashless: a message in the wrong envelope")
    body = inner.get(header.MessageCategory + header.MessageType, {})
    if not isinstance(body, dict):
        raise PeerProtocolError("cashless: a message without its body")
    return Message(
        header.MessageCategory, header.MessageType, header.ServiceID, header.SaleID, header.POIID, body
    )


class MessageReader:
    """Bytes of one connection, cut anywhere, as messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next_message(self) -> Message | NeedData:
        """The next message, or NEED_DATA. PeerProtocolError: hang up; this reader is of no use any more."""
        if len(self._buffer) < _HEAD:
            return NEED_DATA
        length = int.from_bytes(self._buffer[:_HEAD], "big")
        if not 0 < length <= LENGTH_MAX:
            raise PeerProtocolError("cashless: a frame of an impossible length")
        if len(self._buffer) < _HEAD + length:
            return NEED_DATA
        payload = bytes(self._buffer[_HEAD : _HEAD + length])
        del self._buffer[: _HEAD + length]
        return decode(payload)
