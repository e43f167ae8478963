"""What the screens and the voice process say to each other: one JSON object a line. Sans-IO.

    screens -> voice   {"type":"Say","lines":[{"text":…,"language":…,"is_private":…}],"loudness":2,"pace":2}
                       {"type":"Play","sound":"coin"}      {"type":"Hush"}
    voice -> screens   {"type":"Ears","has_headphones":true,"has_handset":false}

A line is words that somebody may hear. No digit of a secret is ever one: an accepted digit is `Play("digit")`, the same
for all ten, and nothing is sent when the keys move over a keypad.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from kiosk.intents import LOUDNESS_STEPS, LOUDNESS_USUAL, PACE_USUAL
from kiosk.ipc.wire import LINE_MAX, LineDecoder
from kiosk.plain import Codec, encode

PACES: Final = (60, 80, 100, 125, 150, 180, 220)
"""Percent of the usual speed, PACE_STEPS of them."""
LINES_MAX: Final = 120
_TEXT_MAX: Final = 1000


class Sound(enum.Enum):
    """Tones, made by drivers/voice/sounds.py."""

    MOVE = "move"
    """The keys are on another button."""
    PRESS = "press"
    DIGIT = "digit"
    """A digit is in: never which."""
    COIN = "coin"
    ERROR = "error"
    WARNING = "warning"
    """Time is running out."""
    LEFT_BEHIND = "left-behind"
    """A card, paper or money lies there."""
    CALLED = "called"
    """Staff are called."""
    READY = "ready"
    """Speech begins here: headphones, handset or the marked key."""
    EDGE = "edge"
    """Louder, softer, faster, slower do not go further."""


class SpokenLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence or name. `is_private`: for headphones and handset only, the speaker never says it."""

    text: str
    language: str
    is_private: bool = True


class ToVoice(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """From the screens."""


class Say(ToVoice, frozen=True):
    """Say these now, in order; what was being said ends."""

    lines: tuple[SpokenLine, ...]
    loudness: int = LOUDNESS_USUAL
    """0 to LOUDNESS_STEPS - 1."""
    pace: int = PACE_USUAL
    """An index of PACES."""


class Play(ToVoice, frozen=True):
    """A tone, over whatever is being said."""

    sound: Sound
    loudness: int = LOUDNESS_USUAL


class Hush(ToVoice, frozen=True):
    """Say nothing more, and let the sound device go."""


class FromVoice(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """To the screens."""


class Ears(FromVoice, frozen=True):
    """Who can hear without others hearing: told at the start of a connection and at each change."""

    has_headphones: bool
    has_handset: bool

    @property
    def are_private(self) -> bool:
        return self.has_headphones or self.has_handset


AnyToVoice = Say | Play | Hush
AnyFromVoice = Ears

_TO: Final[Codec[AnyToVoice]] = Codec(AnyToVoice)
_FROM: Final[Codec[AnyFromVoice]] = Codec(AnyFromVoice)


def line(message: AnyToVoice | AnyFromVoice) -> bytes:
    """The message as one line; what is too long for one is cut at its end, never in a word of a protocol."""
    if isinstance(message, Say):
        message = msgspec.structs.replace(message, lines=_bounded(message.lines))
    return encode(message) + b"\n"


def _bounded(lines: tuple[SpokenLine, ...]) -> tuple[SpokenLine, ...]:
    kept, room = [], LINE_MAX // 2
    for each in lines[:LINES_MAX]:
        short = msgspec.structs.replace(each, text=each.text[:_TEXT_MAX])
        room -= len(encode(short)) + 1
        if room < 0:
            break
        kept.append(short)
    return tuple(kept)


def voice_side() -> LineDecoder[AnyToVoice]:
    """Reads what the screens send."""
    return LineDecoder(_TO)


def screens_side() -> LineDecoder[AnyFromVoice]:
    """Reads what the voice process sends."""
    return LineDecoder(_FROM)


__all__ = [
    "LOUDNESS_STEPS",
    "LOUDNESS_USUAL",
    "PACES",
    "PACE_USUAL",
    "AnyFromVoice",
    "AnyToVoice",
    "Ears",
    "Hush",
    "Play",
    "Say",
    "Sound",
    "SpokenLine",
    "line",
    "screens_side",
    "voice_side",
]
