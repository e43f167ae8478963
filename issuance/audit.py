"""The audit log's chain: each entry carries the hash of the one before, so that none can go missing unseen.
Pure.

Entries say who, what and when (kiosk, transaction, resident id, 発行番号, outcome). They replace the paper
申請書. They never hold a name, an address, a certificate or what stands on the paper."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

GENESIS = "0" * 64


class Entry(msgspec.Struct, frozen=True):
    """One act. `act` is a word of the code (`authenticated`, `refused`, `prepared` …); `detail` holds codes
    and counts."""

    at: str
    act: str
    kiosk: str = ""
    transaction: str = ""
    line: str = ""
    serial: str = ""
    resident: str = ""
    detail: str = ""


class Link(msgspec.Struct, frozen=True):
    """An entry in its place."""

    seq: int
    entry: Entry
    previous: str
    hash: str


_encoder = msgspec.json.Encoder(order="deterministic")


def chain(previous: str, seq: int, entry: Entry) -> str:
    """The hash that binds an entry to its place."""
    return hashlib.sha256(_encoder.encode([previous, seq, entry])).hexdigest()


def first_broken(links: Iterable[Link]) -> int | None:
    """The sequence number of the first link that does not hold; None when the whole chain does."""
    previous = GENESIS
    for expected, link in enumerate(links, start=1):
        honest = link.seq == expected and link.previous == previous
        if not honest or chain(previous, link.seq, link.entry) != link.hash:
            return expected
        previous = link.hash
    return None
