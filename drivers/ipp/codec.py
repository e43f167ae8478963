"""IPP messages: bytes to values and back. Pure. RFC 8010 (encoding), RFC 8011 (names and numbers).

Rules
  1. Bytes come in by `feed`, whole messages go out by `next_frame`; whatever a printer sends ends in a
     `Message`, in NEED_DATA or in PeerProtocolError, never in another exception.
  2. What a printer sends is bounded (`ATTRIBUTES_MAX`), so a broken one cannot fill our memory.
  3. A collection (RFC 8010 §3.1.6) stays flat, as on the wire: its begin, member names, members and end are
     values of the attribute. We write one (`collection`) and read none; we must only not stumble over them.

Theory
  A message is version, operation or status, request id, then groups (one delimiter byte each) of attributes.
  An attribute is tag, name, value; a further value of the same attribute repeats with an empty name. The byte
  0x03 ends the attributes, and the document, if any, follows. There is no length at the front: HTTP frames
  the whole, and this parser finds the end by reading to 0x03.

Warning
  Severity suffixes, language suffixes and out-of-band values (`no-value`) are told apart here only by their
  tags; what they mean for paper and money is judged in device.py.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator, Mapping

import msgspec

from kiosk.errors import PeerProtocolError

ATTRIBUTES_MAX = 262_144
"""Bytes of one message without its document."""


class NeedData(enum.Enum):
    """Not a whole message yet."""

    NEED_DATA = "need data"


NEED_DATA = NeedData.NEED_DATA


class GroupTag(enum.IntEnum):
    """Delimiters (RFC 8010 §3.5.1)."""

    OPERATION = 0x01
    JOB = 0x02
    END = 0x03
    PRINTER = 0x04
    UNSUPPORTED = 0x05


class ValueTag(enum.IntEnum):
    """The value types we use (RFC 8010 §3.5.2); any other is kept as bytes."""

    NO_VALUE = 0x13
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    OCTET_STRING = 0x30
    COLLECTION = 0x34
    END_COLLECTION = 0x37
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    CHARSET = 0x47
    NATURAL_LANGUAGE = 0x48
    MIME_MEDIA_TYPE = 0x49
    MEMBER_NAME = 0x4A


class Operation(enum.IntEnum):
    """The operations we use (RFC 8011 §5.4.15)."""

    PRINT_JOB = 0x0002
    CREATE_JOB = 0x0005
    SEND_DOCUMENT = 0x0006
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B


_OUT_OF_BAND_LAST = 0x1F
_STRINGS_FIRST = 0x40
_STRINGS_LAST = 0x4F
_LENGTHS = {ValueTag.INTEGER: 4, ValueTag.BOOLEAN: 1, ValueTag.ENUM: 4}
_WITH_LANGUAGE = (ValueTag.TEXT_WITH_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE)


class Value(msgspec.Struct, frozen=True):
    """One value with its type. None is an out-of-band value: unknown, unsupported, no-value."""

    tag: int
    content: int | bool | str | bytes | None


class Attribute(msgspec.Struct, frozen=True):
    name: str
    values: tuple[Value, ...]

    @property
    def integer(self) -> int | None:
        """The first value when it is an integer or an enum."""
        first = self.values[0]
        is_number = first.tag in (ValueTag.INTEGER, ValueTag.ENUM)
        return first.content if is_number and isinstance(first.content, int) else None

    @property
    def strings(self) -> tuple[str, ...]:
        return tuple(each.content for each in self.values if isinstance(each.content, str))

    @property
    def integers(self) -> tuple[int, ...]:
        return tuple(each.content for each in self.values if type(each.content) is int)


class Group(msgspec.Struct, frozen=True):
    tag: int
    attributes: tuple[Attribute, ...]

    def find(self, name: str) -> Attribute | None:
        return next((each for each in self.attributes if each.name == name), None)

    def integer(self, name: str) -> int | None:
        """None: not there, or out of band, or not a number."""
        found = self.find(name)
        return found.integer if found else None

    def integers(self, name: str) -> tuple[int, ...]:
        found = self.find(name)
        return found.integers if found else ()

    def strings(self, name: str) -> tuple[str, ...]:
        found = self.find(name)
        return found.strings if found else ()

    def boolean(self, name: str) -> bool | None:
        found = self.find(name)
        content = found.values[0].content if found else None
        return content if isinstance(content, bool) else None

    def is_out_of_band(self, name: str) -> bool:
        """The printer knows the attribute and says that it has no value now."""
        found = self.find(name)
        return found is not None and found.values[0].content is None


class Message(msgspec.Struct, frozen=True):
    """A request (`code` is an operation) or an answer (`code` is a status)."""

    code: int
    request_id: int
    groups: tuple[Group, ...] = ()
    version: tuple[int, int] = (2, 0)

    def all(self, tag: GroupTag) -> Iterator[Group]:
        return (each for each in self.groups if each.tag == tag)

    def first(self, tag: GroupTag) -> Group:
        """The first group of that kind; an empty one when there is none."""
        return next(self.all(tag), Group(tag=tag, attributes=()))


# --- writing ------------------------------------------------------------------------------------------------


def encode(message: Message) -> bytes:
    """The message's bytes, END included; a document is appended by whoever sends it."""
    parts = [struct.pack(">BBHi", *message.version, message.code, message.request_id)]
    for group in message.groups:
        parts.append(bytes([group.tag]))
        parts += [_encode_attribute(each) for each in group.attributes]
    parts.append(bytes([GroupTag.END]))
    return b"".join(parts)


def _encode_attribute(attribute: Attribute) -> bytes:
    parts = []
    name = attribute.name.encode()
    for value in attribute.values:
        content = _encode_content(value)
        parts.append(struct.pack(">BH", value.tag, len(name)) + name)
        parts.append(struct.pack(">H", len(content)) + content)
        name = b""  # RFC 8010 §3.1.5: a further value has no name
    return b"".join(parts)


def _encode_content(value: Value) -> bytes:
    content = value.content
    if content is None:
        return b""
    if isinstance(content, bool):
        return bytes([content])
    if isinstance(content, int):
        return struct.pack(">i", content)
    if isinstance(content, str):
        return content.encode()
    return content


def integer(name: str, content: int) -> Attribute:
    return Attribute(name, (Value(ValueTag.INTEGER, content),))


def boolean(name: str, content: bool) -> Attribute:
    return Attribute(name, (Value(ValueTag.BOOLEAN, content),))


def text(tag: ValueTag, name: str, *contents: str) -> Attribute:
    """One attribute of a string type with one or more values."""
    return Attribute(name, tuple(Value(tag, each) for each in contents))


Member = int | str | Mapping[str, "Member"]
"""Of a collection: a number, a keyword, another collection."""


def collection(name: str, members: Mapping[str, Member]) -> Attribute:
    return Attribute(name, tuple(_collected(members)))


def _collected(members: Mapping[str, Member]) -> Iterator[Value]:
    yield Value(ValueTag.COLLECTION, b"")
    for name, member in members.items():
        yield Value(ValueTag.MEMBER_NAME, name)
        if isinstance(member, Mapping):
            yield from _collected(member)
        else:
            yield Value(ValueTag.KEYWORD if isinstance(member, str) else ValueTag.INTEGER, member)
    yield Value(ValueTag.END_COLLECTION, b"")


# --- reading ------------------------------------------------------------------------------------------------


class _Short(Exception):  # noqa: N818  # not an error: the rest has not come yet
    pass


class Parser:
    """Collects bytes until they are a message. What follows the message (a document) is left in `rest`."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> None:
        self._buffer += data

    @property
    def rest(self) -> bytes:
        """Bytes after the last message that was taken."""
        return self._buffer

    def next_frame(self) -> Message | NeedData:
        """One message; PeerProtocolError when the bytes can never become one."""
        reader = _Reader(self._buffer)
        try:
            message = _read_message(reader)
        except _Short:
            if len(self._buffer) > ATTRIBUTES_MAX:
                raise PeerProtocolError("ipp: message too long") from None
            return NEED_DATA
        self._buffer = self._buffer[reader.at :]
        return message


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._data):
            raise _Short
        taken = self._data[self.at : end]
        self.at = end
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")


def _read_message(reader: _Reader) -> Message:
    major, minor, code = reader.number(1), reader.number(1), reader.number(2)
    if major not in (1, 2):
        raise PeerProtocolError("ipp: not a version that we know")
    request_id = int.from_bytes(reader.take(4), "big", signed=True)
    groups: list[Group] = []
    tag = reader.number(1)
    while tag != GroupTag.END:
        if tag == 0 or tag >= 0x10:
            raise PeerProtocolError("ipp: a value outside of a group")
        attributes, following = _read_attributes(reader)
        groups.append(Group(tag=tag, attributes=attributes))
        tag = following
    return Message(code=code, request_id=request_id, groups=tuple(groups), version=(major, minor))


def _read_attributes(reader: _Reader) -> tuple[tuple[Attribute, ...], int]:
    """Attributes up to the next delimiter, and that delimiter."""
    attributes: list[Attribute] = []
    name = ""
    values: list[Value] = []
    while True:
        tag = reader.number(1)
        if tag < 0x10:
            if values:
                attributes.append(Attribute(name, tuple(values)))
            return tuple(attributes), tag
        given = reader.take(reader.number(2)).decode("utf-8", "replace")
        value = _read_value(tag, reader.take(reader.number(2)))
        if given:
            if values:
                attributes.append(Attribute(name, tuple(values)))
            name, values = given, [value]
        elif not values:
            raise PeerProtocolError("ipp: a further value without a first one")
        else:
            values.append(value)


def _read_value(tag: int, content: bytes) -> Value:
    if tag <= _OUT_OF_BAND_LAST:
        return Value(tag, None)
    if tag in _LENGTHS:
        if len(content) != _LENGTHS[ValueTag(tag)]:
            raise PeerProtocolError("ipp: a value of the wrong length")
        number = int.from_bytes(content, "big", signed=True)
        return Value(tag, bool(number) if tag == ValueTag.BOOLEAN else number)
    if tag in _WITH_LANGUAGE:
        return Value(tag, _without_language(content))
    if _STRINGS_FIRST <= tag <= _STRINGS_LAST:
        return Value(tag, content.decode("utf-8", "replace"))
    return Value(tag, content)


def _without_language(content: bytes) -> str:
    """RFC 8010 §3.9: length, language, length, text. We keep the text."""
    language = int.from_bytes(content[:2], "big")
    length = int.from_bytes(content[2 + language : 4 + language], "big")
    if len(content) != 4 + language + length:
        raise PeerProtocolError("ipp: a text with language of the wrong length")
    return content[4 + language :].decode("utf-8", "replace")
