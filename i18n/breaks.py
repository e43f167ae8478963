"""Where a line may break in languages without spaces, by ICU's dictionaries. For translators and tests, not the kiosk.

    with_breaks("ကတ်ကိုတင်ပါ", "my")   -> "ကတ်|ကို|တင်ပါ"

The marks stand in the catalogue (ADR 0022), so the appliance needs no ICU and a person can correct a mark. ICU is
Debian's libicu72, called through ctypes: two functions of its C API (ubrk.h) need no compiled binding.
"""

from __future__ import annotations

import ctypes
import re
from ctypes.util import find_library
from functools import cache
from typing import Any, Final

from i18n.message import NOT_FIRST, NOT_LAST, is_mark

_WORD: Final = 1
_LINE: Final = 2
"""UBreakIteratorType of ubrk.h. Chinese breaks a line between any two ideographs: words read calmer, so words it is."""
KINDS: Final = {"th": _LINE, "my": _LINE, "km": _LINE, "zh-Hans": _WORD, "zh-Hant": _WORD}
_DONE: Final = -1
_PROTECTED = re.compile(r"(\{[a-z_]+\}.|\*\*|[（(][^）)]*[）)].|[A-Za-z0-9]+.)")
_SHORT: Final = 2
"""A piece of so few letters stays with its neighbour: a line of one letter is no line."""


class IcuMissingError(RuntimeError):
    """libicuuc is not installed."""


class _Icu:
    def __init__(self) -> None:
        name = find_library("icuuc")
        if name is None:
            raise IcuMissingError("libicuuc is missing: install the Debian package libicu72")
        library = ctypes.CDLL(name)
        version = name.rpartition(".so.")[2].partition(".")[0]  # functions carry it: ubrk_open_72
        self._open: Any = getattr(library, f"ubrk_open_{version}")
        self._open.restype = ctypes.c_void_p
        self._open.argtypes = (
            ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_int),
        )  # fmt: skip
        self._next: Any = getattr(library, f"ubrk_next_{version}")
        self._next.restype, self._next.argtypes = ctypes.c_int32, (ctypes.c_void_p,)
        self._close: Any = getattr(library, f"ubrk_close_{version}")
        self._close.argtypes = (ctypes.c_void_p,)

    def boundaries(self, text: str, locale: str, kind: int) -> list[int]:
        """Indices into `text`, without 0, with its end."""
        units = text.encode("utf-16-le")
        buffer = ctypes.create_string_buffer(units, len(units))
        error = ctypes.c_int(0)
        handle = self._open(kind, locale.encode(), buffer, len(units) // 2, ctypes.byref(error))
        if error.value > 0:
            raise IcuMissingError(f"ubrk_open says {error.value}")
        found: list[int] = []
        try:
            while (at := self._next(handle)) != _DONE:
                found.append(len(units[: 2 * at].decode("utf-16-le")))
        finally:
            self._close(handle)
        return found


@cache
def _icu() -> _Icu:
    return _Icu()


def boundaries(text: str, language: str) -> list[int]:
    """Where ICU would let a line (Chinese: a word) end."""
    return _icu().boundaries(text, language, KINDS[language])


def with_breaks(text: str, language: str) -> str:
    """The text of a catalogue with `|` at each place; values, bold marks and Latin words stay whole."""
    if language not in KINDS or "|" in text:
        return text
    return "\n".join(_line(line, language) for line in text.split("\n"))


def _line(line: str, language: str) -> str:
    ends = [end for end in boundaries(line, language) if 0 < end < len(line)]
    inside = {at for found in _PROTECTED.finditer(line) for at in range(found.start() + 1, found.end())}
    kept: list[int] = []
    for end in ends:
        before, after = line[end - 1], line[end]
        if end in inside or after in NOT_FIRST or before in NOT_LAST or is_mark(after) or after in "*{ ":
            continue
        if before == "*" and line[:end].count("**") % 2:
            continue
        if end - (kept[-1] if kept else 0) >= _SHORT and len(line) - end >= _SHORT:
            kept.append(end)
    for at in reversed(kept):
        line = line[:at] + "|" + line[at:]
    return line
