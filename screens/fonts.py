"""Where the letters come from: Debian's packages, by absolute path, listed here only; and which face a letter has.

A language has a chain of faces. Each letter takes the first face of the chain that has it (`coverage.py`); marks,
joiners and variation selectors stay with the letter before them, because a face shapes what it is given at once.
"""

from __future__ import annotations

import ctypes
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from PIL import ImageFont

from screens import coverage

_ROOT: Final = Path("/usr/share/fonts")
_CJK: Final = "opentype/noto/NotoSansCJK-{weight}.ttc"
_NOTO: Final = "truetype/noto/NotoSans{script}-{weight}.ttf"

MOST_FACES: Final = 28
"""A face of Noto CJK at one size holds 1 MB and maps 2 MB of its file; a language at a text size uses about 20."""

# Noto CJK's em box: an ideograph reaches from 0.12 em below the baseline to 0.88 above.
ASCENT: Final = 0.88
DESCENT: Final = 0.12

_DONTNEED: Final = 4
"""Of madvise(2)."""

GETA: Final = "〓"
"""What stands for a letter that no face has: printers' geta, never a box. A name may hold one; a catalogue may not."""


class File(NamedTuple):
    """A family: a path with its weight open, its number in a collection, and the Debian package it comes from."""

    path: str
    number: int
    package: str

    def at(self, is_bold: bool) -> Path:
        return _ROOT / self.path.format(weight="Bold" if is_bold else "Regular")


def _noto(script: str = "") -> File:
    return File(_NOTO.format(script=script, weight="{weight}"), 0, "fonts-noto-core")


FILES: Final[dict[str, File]] = {
    # One ideograph has several shapes; the collection is 0 JP, 1 KR, 2 SC, 3 TC, 4 HK.
    "jp": File(_CJK, 0, "fonts-noto-cjk"),
    "kr": File(_CJK, 1, "fonts-noto-cjk"),
    "sc": File(_CJK, 2, "fonts-noto-cjk"),
    "tc": File(_CJK, 3, "fonts-noto-cjk"),
    "sans": _noto(),
    "thai": _noto("Thai"),
    "myanmar": _noto("Myanmar"),
    "devanagari": _noto("Devanagari"),
    "sinhala": _noto("Sinhala"),
    "bengali": _noto("Bengali"),
    "khmer": _noto("Khmer"),
    "mj": File("truetype/ipamj/ipamjm.ttf", 0, "fonts-ipamj-mincho"),
}
"""`mj`: the letters of the family registers, with their variation sequences (Moji_Joho)."""

CHAINS: Final[dict[str, tuple[str, ...]]] = {
    "zh-Hans": ("sc",),
    "zh-Hant": ("tc",),
    "ko": ("kr",),
    "th": ("thai", "sans"),
    "my": ("myanmar", "sans"),
    "ne": ("devanagari", "sans"),
    "si": ("sinhala", "sans"),
    "bn": ("bengali", "sans"),
    "vi": ("sans",),
    "tl": ("sans",),
    "id": ("sans",),
    "pt-BR": ("sans",),
    "es": ("sans",),
    "mn": ("sans",),
}
"""Language -> its first faces. Any other language begins with `jp`; after these, every chain goes on the same way."""

_THEN: Final = (
    "jp",
    "sans",
    "devanagari",
    "myanmar",
    "thai",
    "bengali",
    "sinhala",
    "khmer",
    "kr",
    "sc",
    "tc",
    "mj",
)


class Leading(NamedTuple):
    """What the letters of a language need of a line, in em: above and below the baseline."""

    ascent: float = ASCENT
    descent: float = DESCENT


LEADINGS: Final[dict[str, Leading]] = {
    "th": Leading(1.02, 0.30),
    "my": Leading(1.00, 0.54),
    "ne": Leading(0.98, 0.36),
    "bn": Leading(0.98, 0.36),
    "si": Leading(0.94, 0.34),
    "vi": Leading(1.02, 0.26),
    "pt-BR": Leading(0.94, 0.24),
    "es": Leading(0.94, 0.24),
}
"""Languages whose marks leave the em box: their lines stand further apart. A test measures the ink."""


class FontMissingError(RuntimeError):
    """A font file is not there."""


class Piece(NamedTuple):
    """Letters of one face."""

    face: str
    text: str


def require() -> None:
    """Stop early and clearly when the letters are not installed."""
    for file in FILES.values():
        for is_bold in (False, True):
            if not file.at(is_bold).is_file():
                raise FontMissingError(
                    f"{file.at(is_bold)} is missing: install the Debian package {file.package}"
                )


@cache
def chain(language: str) -> tuple[str, ...]:
    """The faces of a language, best first."""
    own = CHAINS.get(language, ("jp",))
    return own + tuple(name for name in _THEN if name not in own)


@lru_cache(maxsize=MOST_FACES)
def face(name: str, px: int, is_bold: bool) -> ImageFont.FreeTypeFont:
    """The face at a size; opened once (a face of Noto CJK costs about 1 ms)."""
    file = FILES[name]
    return ImageFont.truetype(str(file.at(is_bold)), px, index=file.number)


def let_go() -> None:
    """Give back the fonts' pages. Each face at each size maps its file anew, and what it has read of it counts as ours
    once for each: 100 MB in Chinese. The next letter finds them in the page cache, some microseconds later."""
    libc = ctypes.CDLL(None)
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        place, rights, *_, path = line.split()
        if rights == "r--p" and path.startswith(f"{_ROOT}/"):  # read only, so nothing of ours is in them
            first, last = (int(each, 16) for each in place.split("-"))
            libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), _DONTNEED)


@cache
def covers(name: str) -> coverage.Coverage:
    file = FILES[name]
    return coverage.read(file.at(False), file.number)


def is_selector(letter: str) -> bool:
    """A variation selector: it says which shape of the letter before it is meant."""
    return 0xFE00 <= ord(letter) <= 0xFE0F or 0xE0100 <= ord(letter) <= 0xE01EF


def sticks(letter: str) -> bool:
    """Belongs to the letter before it: a mark, a joiner, a selector."""
    return unicodedata.category(letter)[0] == "M" or letter in "\u200c\u200d" or is_selector(letter)


def split(text: str, language: str, is_private: bool = False) -> tuple[Piece, ...]:
    """The text in pieces of one face each, in order. What is private is kept in no cache."""
    return (_split.__wrapped__ if is_private else _split)(text, language)


@lru_cache(maxsize=4096)
def _split(text: str, language: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for cluster in _clusters(text):
        name, letters = _face_of(cluster, language, pieces[-1].face if pieces else "")
        if pieces and pieces[-1].face == name:
            pieces[-1] = Piece(name, pieces[-1].text + letters)
        else:
            pieces.append(Piece(name, letters))
    return tuple(pieces)


def _clusters(text: str) -> list[str]:
    found: list[str] = []
    for letter in text:
        if found and sticks(letter):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _face_of(cluster: str, language: str, before: str) -> tuple[str, str]:
    """The face that has the whole cluster; a space stays with what stands before it."""
    base = ord(cluster[0])
    selector = next((ord(letter) for letter in cluster if is_selector(letter)), 0)
    if selector:
        exact = ("mj", *chain(language))
        for name in exact:
            if covers(name).has_sequence(base, selector):
                return name, cluster
        cluster = "".join(letter for letter in cluster if not is_selector(letter))
    names = chain(language)
    if cluster == " " and before:
        names = (before, *names)
    for name in names:
        if all(covers(name).has(ord(letter)) for letter in cluster):
            return name, cluster
    for name in names:
        if covers(name).has(base):
            return name, cluster[0]  # without marks that nobody has
    return "jp", GETA
