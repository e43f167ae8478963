"""What a disk may hold after a power cut, by what the process had told the kernel until then.

The model (POSIX, and what file systems on Debian do): bytes and a file's length are safe when that file was synced; a
name is safe when the folder was synced. Everything later may be there or not, in any order, and a write may be torn at
each sector of 512 bytes: a sector is old or new, never mixed. Where a later sector made it and an earlier one did not,
the gap reads as zeros.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

SECTOR = 512
EXHAUSTIVE = 6
"""With so many unsynced writes of one file every choice of them is an image; with more, prefixes and single holes."""


@dataclass(frozen=True)
class Op:
    kind: str
    name: str
    offset: int
    data: bytes


@dataclass
class _File:
    """`safe` survives; `pending` may."""

    safe: bytes = b""
    pending: list[Op] = field(default_factory=list)
    is_name_safe: bool = False
    is_gone: bool = False
    """Its removal is not synced: the name may still be there."""


Image = dict[str, bytes]

_LINE = re.compile(rb"(?P<kind>\w) (?P<name>\S+) (?P<offset>-?\d+) (?P<length>\d+)\n")


def read_log(path: Path) -> list[Op]:
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        line = _LINE.match(data, at)
        assert line is not None, f"a log that is none, at {at}"
        end = line.end() + int(line["length"])
        found.append(
            Op(line["kind"].decode(), line["name"].decode(), int(line["offset"]), data[line.end() : end])
        )
        at = end
    return found


def images(log: list[Op]) -> Iterator[tuple[int, Image]]:
    """(records acknowledged by then, what may lie on the disk), for a cut behind every operation. Each image once for
    each number of acknowledged records."""
    files: dict[str, _File] = {}
    acknowledged, seen = 0, set[tuple[int, int]]()
    for op in log:
        if op.kind == "M":
            acknowledged = op.offset
        else:
            _take(files, op)
        for image in _legal(files):
            key = (acknowledged, hash(tuple(sorted(image.items()))))
            if key not in seen:
                seen.add(key)
                yield acknowledged, image


def _take(files: dict[str, _File], op: Op) -> None:
    if op.kind == "D":
        for name in [name for name, each in files.items() if each.is_gone]:
            del files[name]
        for each in files.values():
            each.is_name_safe = True
        return
    found = files.setdefault(op.name, _File())
    match op.kind:
        case "C":
            files[op.name] = _File()
        case "U":
            found.is_gone = True
        case "W" | "T":
            found.pending.append(op)
        case "S":
            for written in found.pending:
                found.safe = _applied(found.safe, written)
            found.pending.clear()


def _applied(content: bytes, op: Op, sectors: set[int] | None = None) -> bytes:
    """After this write, or after these sectors of it."""
    if op.kind == "T":
        return content[: op.offset].ljust(op.offset, b"\0")
    parts = _sectors(op)
    made = bytearray(content)
    for number, (begin, data) in enumerate(parts):
        if sectors is None or number in sectors:
            if len(made) < begin:
                made.extend(bytes(begin - len(made)))
            made[begin : begin + len(data)] = data
    return bytes(made)


def _sectors(op: Op) -> list[tuple[int, bytes]]:
    found, at = [], op.offset
    while at < op.offset + len(op.data):
        end = min((at // SECTOR + 1) * SECTOR, op.offset + len(op.data))
        found.append((at, op.data[at - op.offset : end - op.offset]))
        at = end
    return found


def _legal(files: dict[str, _File]) -> Iterator[Image]:
    """One file varies over all its choices while the others are as safe as can be, and as full as can be; and each
    name that is not safe may be missing."""
    names = sorted(files)
    for others in ("safe", "full"):
        rest = {name: _end(files[name], others) for name in names}
        for name in names:
            for content in _contents(files[name]):
                yield _named(files, {**rest, name: content}, set())
        for missing in _maybe_missing(files):
            yield _named(files, rest, missing)


def _maybe_missing(files: dict[str, _File]) -> Iterator[set[str]]:
    loose = [name for name, each in files.items() if each.is_gone or not each.is_name_safe]
    for choice in product((True, False), repeat=len(loose)):
        yield {name for name, is_missing in zip(loose, choice, strict=True) if is_missing}


def _named(files: dict[str, _File], contents: Image, missing: set[str]) -> Image:
    return {name: data for name, data in contents.items() if name not in missing}


def _end(found: _File, which: str) -> bytes:
    content = found.safe
    if which == "full":
        for each in found.pending:
            content = _applied(content, each)
    return content


def _contents(found: _File) -> Iterator[bytes]:
    pending = found.pending
    yield found.safe
    if len(pending) <= EXHAUSTIVE:
        choices = list(product((True, False), repeat=len(pending)))
    else:
        prefixes = [tuple(at < cut for at in range(len(pending))) for cut in range(len(pending) + 1)]
        holes = [tuple(at != hole for at in range(len(pending))) for hole in range(len(pending))]
        choices = [*prefixes, *holes]
    for choice in choices:
        content = found.safe
        for is_there, each in zip(choice, pending, strict=True):
            content = _applied(content, each) if is_there else content
        yield content
    yield from _torn(found)


def _torn(found: _File) -> Iterator[bytes]:
    """Each write torn at each of its sectors, from either end and with one sector missing; those before it there or
    not, those behind it there or not."""
    for at, each in enumerate(found.pending):
        if each.kind != "W":
            continue
        count = len(_sectors(each))
        tears = [set(range(cut)) for cut in range(1, count)]
        tears += [set(range(cut, count)) for cut in range(1, count)]
        tears += [set(range(count)) - {hole} for hole in range(count)]
        for has_before, has_after in product((True, False), repeat=2):
            for tear in tears:
                content = found.safe
                for other in found.pending[:at] if has_before else ():
                    content = _applied(content, other)
                content = _applied(content, each, tear)
                for other in found.pending[at + 1 :] if has_after else ():
                    content = _applied(content, other)
                yield content
