"""How many pages does this PDF have? Pure. ISO 32000-1 §7.3 objects, §7.5.7 object streams, §7.7.3 tree.

A second reader on purpose: the core counted with PDFium when the document came; what is about to be printed
is counted again by other code. Only structure is read, so a page's content is never decoded. Of an object
that was written twice (an incremental update) the last one counts, as for any reader that follows the
cross-references.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, NamedTuple

from kiosk.errors import PeerProtocolError

_DEPTH_MAX = 64
_INFLATED_MAX = 64 * 1024 * 1024
_OBJECT = re.compile(rb"(?<![0-9])(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+obj(?![a-zA-Z])")
_STREAM = re.compile(rb"stream\r?\n")
_TRAILER = re.compile(rb"(?<![a-zA-Z])trailer(?![a-zA-Z])")
_SPACE = re.compile(rb"(?:[\0\t\n\f\r ]+|%[^\r\n]*)*")
_REFERENCE = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+R(?![a-zA-Z])")
_NUMBER = re.compile(rb"[+-]?(?:\d{1,18}(?:\.\d*)?|\.\d+)")
_NAME = re.compile(rb"/([^\0\t\n\f\r ()<>\[\]{}/%]*)")
_WORD = re.compile(rb"true|false|null")
_HEX_STRING = re.compile(rb"<([0-9A-Fa-f\0\t\n\f\r ]*)>")
_STRING_PART = re.compile(rb"\\.|[()]", re.DOTALL)


class Reference(NamedTuple):
    number: int


def count_pages(pdf: bytes) -> int:
    """The number of leaves of the page tree; PeerProtocolError for what is not a PDF that we can read."""
    if not pdf.startswith(b"%PDF-"):
        raise PeerProtocolError("pdf: no header")
    objects, root = _collect(pdf)
    catalogue = objects.get(root.number) if root else None
    pages = catalogue.get(b"Pages") if isinstance(catalogue, dict) else None
    if not isinstance(pages, Reference):
        raise PeerProtocolError("pdf: no page tree")
    found = _leaves(objects, pages, 0, set())
    node = objects.get(pages.number)
    if not isinstance(node, dict) or node.get(b"Count") != found:
        raise PeerProtocolError("pdf: the page tree counts wrong")
    return found


def _leaves(objects: dict[int, Any], at: Reference, depth: int, seen: set[int]) -> int:
    node = objects.get(at.number)
    if depth > _DEPTH_MAX or at.number in seen or not isinstance(node, dict):
        raise PeerProtocolError("pdf: the page tree is broken")
    seen.add(at.number)
    if node.get(b"Type") == b"/Page":
        return 1
    kids = node.get(b"Kids")
    if isinstance(kids, Reference):
        kids = objects.get(kids.number)
    if not isinstance(kids, list) or not all(isinstance(each, Reference) for each in kids):
        raise PeerProtocolError("pdf: the page tree is broken")
    return sum(_leaves(objects, each, depth + 1, seen) for each in kids)


def _collect(pdf: bytes) -> tuple[dict[int, Any], Reference | None]:
    """Every object by number (dictionaries of streams included), and the catalogue's reference."""
    objects: dict[int, Any] = {}
    root: Reference | None = None
    at = 0
    while found := _OBJECT.search(pdf, at):
        root = _root_of_trailers(pdf, at, found.start()) or root
        value, at = _value(pdf, found.end(), 0)
        objects[int(found[1])] = value
        stream = _STREAM.match(pdf, _skip(pdf, at))
        if not stream or not isinstance(value, dict):
            continue
        content, at = _stream(pdf, stream.end(), value.get(b"Length"))
        if value.get(b"Type") == b"/ObjStm":
            objects.update(_packed(value, content))
        elif value.get(b"Type") == b"/XRef":
            root = _trusted_root(value) or root
    return objects, _root_of_trailers(pdf, at, len(pdf)) or root


def _root_of_trailers(pdf: bytes, start: int, end: int) -> Reference | None:
    root = None
    for found in _TRAILER.finditer(pdf, start, end):
        trailer, _ = _value(pdf, found.end(), 0)
        root = _trusted_root(trailer) or root
    return root


def _trusted_root(trailer: Any) -> Reference | None:
    if not isinstance(trailer, dict):
        return None
    if b"Encrypt" in trailer:
        raise PeerProtocolError("pdf: encrypted")
    root = trailer.get(b"Root")
    return root if isinstance(root, Reference) else None


def _stream(pdf: bytes, start: int, length: Any) -> tuple[bytes, int]:
    """The raw content, and where to read on. A length that is wrong or elsewhere: up to `endstream`."""
    if type(length) is int and 0 <= length and pdf.startswith(b"endstream", _skip(pdf, start + length)):
        return pdf[start : start + length], start + length
    end = pdf.find(b"endstream", start)
    if end < 0:
        raise PeerProtocolError("pdf: a stream without end")
    return pdf[start:end], end


def _packed(head: dict[bytes, Any], content: bytes) -> dict[int, Any]:
    """The objects in an object stream."""
    if b"Filter" in head:
        if head[b"Filter"] not in (b"/FlateDecode", [b"/FlateDecode"]) or b"DecodeParms" in head:
            raise PeerProtocolError("pdf: a filter that we do not read")
        try:
            inflater = zlib.decompressobj()
            content = inflater.decompress(content, _INFLATED_MAX)
        except zlib.error:
            raise PeerProtocolError("pdf: a broken object stream") from None
    first, count = head.get(b"First"), head.get(b"N")
    if type(first) is not int or type(count) is not int or not 0 <= first <= len(content):
        raise PeerProtocolError("pdf: a broken object stream")
    numbers = content[:first].split()
    if len(numbers) < 2 * count or not all(each.isdigit() and len(each) < 12 for each in numbers):
        raise PeerProtocolError("pdf: a broken object stream")
    packed = {}
    for index in range(count):
        offset = first + int(numbers[2 * index + 1])
        packed[int(numbers[2 * index])], _ = _value(content, offset, 0)
    return packed


# --- values (§7.3): a name is its bytes with the slash, a string is None because nobody here needs one ------


def _skip(pdf: bytes, at: int) -> int:
    found = _SPACE.match(pdf, at)
    return found.end() if found else at


def _value(pdf: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > _DEPTH_MAX:
        raise PeerProtocolError("pdf: nested too deep")
    at = _skip(pdf, at)
    if pdf.startswith(b"<<", at):
        return _dictionary(pdf, at + 2, depth)
    if pdf.startswith(b"[", at):
        return _array(pdf, at + 1, depth)
    if pdf.startswith(b"(", at):
        return None, _end_of_string(pdf, at)
    if found := _NAME.match(pdf, at):
        return found[0], found.end()
    if found := _REFERENCE.match(pdf, at):
        return Reference(int(found[1])), found.end()
    if found := _NUMBER.match(pdf, at):
        number = found[0]
        return (None if b"." in number else int(number)), found.end()
    if found := _WORD.match(pdf, at) or _HEX_STRING.match(pdf, at):
        return None, found.end()
    raise PeerProtocolError("pdf: not a value")


def _array(pdf: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    values = []
    at = _skip(pdf, at)
    while not pdf.startswith(b"]", at):
        value, at = _value(pdf, at, depth + 1)
        values.append(value)
        at = _skip(pdf, at)
    return values, at + 1


def _dictionary(pdf: bytes, at: int, depth: int) -> tuple[dict[bytes, Any], int]:
    values = {}
    at = _skip(pdf, at)
    while not pdf.startswith(b">>", at):
        key = _NAME.match(pdf, at)
        if not key:
            raise PeerProtocolError("pdf: a key that is no name")
        value, at = _value(pdf, key.end(), depth + 1)
        values[key[1]] = value
        at = _skip(pdf, at)
    return values, at + 2


def _end_of_string(pdf: bytes, at: int) -> int:
    open_count = 0
    for found in _STRING_PART.finditer(pdf, at):
        open_count += {b"(": 1, b")": -1}.get(found[0], 0)
        if open_count == 0:
            return found.end()
    raise PeerProtocolError("pdf: a string without end")
