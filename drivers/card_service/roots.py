"""Pinned roots of the 券面 records, from a file: what stands behind a card's name, birth date and photo.

    # one root a line: key id (16 bytes), modulus, exponent, in hex; # begins a comment
    5000023F…  C2A7…  010001

The state's own are not in this tree: a town gets them with its reader software. Ids that do not begin as the state's do
(test cards, virtual cards) are refused unless virtual ones are allowed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from drivers.jpki.cv import Roots
from drivers.jpki.rsa import RsaKey
from kiosk.errors import ConfigError, PeerProtocolError

_KEY_ID_BYTES: Final = 16
_STATES_IDS: Final = (b"\x50\x00\x02", b"\x50\x00\x03")
"""How production ids begin: 5000023… 券面事項確認, 5000033… 入力補助 (facts/card.md §2.4)."""


def load(path: Path, allow_virtual: bool) -> Roots:
    """ConfigError names file and line."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path}: the roots of the card's records cannot be read") from None
    roots: dict[bytes, RsaKey] = {}
    for number, line in enumerate(lines, 1):
        words = line.split("#", 1)[0].split()
        if words:
            name, key = _root(words, f"{path}:{number}")
            if not allow_virtual and name[:3] not in _STATES_IDS:
                raise ConfigError(f"{path}:{number}: the root of a test card, on a machine that takes none")
            roots[name] = key
    return roots


def _root(words: list[str], place: str) -> tuple[bytes, RsaKey]:
    try:
        name, modulus, exponent = (bytes.fromhex(word) for word in words)
        key = RsaKey(int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))
    except (ValueError, PeerProtocolError):
        raise ConfigError(f"{place}: not a key id, a modulus and an exponent in hex") from None
    if len(name) != _KEY_ID_BYTES:
        raise ConfigError(f"{place}: a key id has 16 bytes")
    return name, key
