"""How a name is shown to whoever stands at the screen: enough to know one's own, too little to read another's. Pure."""

from __future__ import annotations

import enum


class Mask(enum.Enum):
    """How a town shows whose paper it is on the confirm screen."""

    FIRST_CHARACTER = "first_character"
    """`山＊＊`: the first character of the family name, the first letter of a foreign name."""
    FAMILY_NAME = "family_name"
    """`山田　＊＊`: what stands before the first space; a name without one shows its first character."""
    HIDDEN = "hidden"
    """`＊＊`"""


def masked(name: str, mask: Mask) -> str:
    """`山＊＊`. The first character keeps its variation selector; the number of stars says nothing."""
    if mask is Mask.HIDDEN:
        return "＊＊"
    if mask is Mask.FAMILY_NAME and len(parts := name.split(maxsplit=1)) > 1:
        return f"{parts[0]}　＊＊"
    bare = "".join(name.split())
    length = 2 if len(bare) > 1 and _is_selector(bare[1]) else 1
    return f"{bare[:length]}＊＊"


def _is_selector(char: str) -> bool:
    return 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
