"""Which language is spoken by which voice. Data; what an engine is, drivers/voice knows.

`ja` by Open JTalk (pyopenjtalk-plus, its voice 「mei」); the others by espeak-ng, as Debian 12 has it (1.51). Two
languages have no voice there at all, and say their screens in English.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from i18n.catalogue import SOURCE, load
from i18n.message import Message, names_in

JTALK: Final = "open-jtalk"
ESPEAK: Final = "espeak-ng"


class Voice(NamedTuple):
    """`name` is the engine's own. `is_rough`: it reads letters rather than words; a person who speaks the language
    should judge it before a town relies on it (docs/voice.md)."""

    engine: str
    name: str
    is_rough: bool = False


VOICES: Final[dict[str, Voice]] = {
    "ja": Voice(JTALK, "mei_normal"),
    "ja-simple": Voice(JTALK, "mei_normal"),
    "en": Voice(ESPEAK, "en-us"),
    # espeak-ng's plain `cmn` reads its own pinyin as English words; this one does not
    "zh-Hans": Voice(ESPEAK, "cmn-latn-pinyin"),
    "zh-Hant": Voice(ESPEAK, "cmn-latn-pinyin"),
    "ko": Voice(ESPEAK, "ko"),
    "vi": Voice(ESPEAK, "vi"),
    "ne": Voice(ESPEAK, "ne"),
    "id": Voice(ESPEAK, "id"),
    "my": Voice(ESPEAK, "my", is_rough=True),
    "pt-BR": Voice(ESPEAK, "pt-br"),
    "es": Voice(ESPEAK, "es-419"),
    "th": Voice(ESPEAK, "th", is_rough=True),
    "si": Voice(ESPEAK, "si"),
    "bn": Voice(ESPEAK, "bn"),
}

NO_VOICE: Final[dict[str, str]] = {"tl": "Tagalog", "mn": "Mongolian"}
"""Languages of the screens that no engine here speaks, with the name that the English voice has for them."""

STAND_IN: Final = "en"


def spoken_in(language: str) -> str:
    """The language that is heard while the screen shows this one."""
    return language if language in VOICES else STAND_IN


_UNSAID: Final = ("slip.", "language.name", "assist.", "number", "sheets", "yen")
"""Texts for paper, for staff, or with a number in them."""
_NO_SPACES: Final = frozenset({"ja", "ja-simple", "zh-Hans", "zh-Hant", "th", "my"})


def as_spoken(message: Message, language: str) -> str:
    """The words of a text as an engine gets them: readings for kanji, one line."""
    return one_line(message.reading, language)


def one_line(text: str, language: str) -> str:
    """Where the screen breaks a line, the voice goes on."""
    return " ".join(text.replace("\n", "" if language in _NO_SPACES else " ").split())


def prompts(language: str) -> tuple[str, ...]:
    """Everything of a catalogue that is said the same each time: what can be spoken ahead. Sorted, each once."""
    words = load(language)
    found = set()
    for key in load(SOURCE).keys:
        if key.startswith(_UNSAID) or names_in(words.template(key)):
            continue
        found.add(as_spoken(words.message(key), language))
    return tuple(sorted(each for each in found if any(letter.isalpha() for letter in each)))
