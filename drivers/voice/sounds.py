"""Tones, made of sines by arithmetic: no file, no licence. Pure.

Shaped after JIS S 0013 (auditory signals of consumer products): an operation is short and single, an end or "ready"
rises, an error falls or repeats low, a warning repeats. Between 600 and 2000 Hz, where old ears still hear.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np

from drivers.voice.pcm import HZ, Samples
from kiosk.ipc.voice_wire import Sound

_RISE_S: Final = 0.006
"""Each tone begins and ends softly: no crack."""
_LEVEL: Final = 0.5


class Tone(NamedTuple):
    """`hz` 0 is a rest."""

    hz: float
    s: float


TUNES: Final[dict[Sound, tuple[Tone, ...]]] = {
    Sound.MOVE: (Tone(1320, 0.03),),
    Sound.PRESS: (Tone(1760, 0.06),),
    Sound.DIGIT: (Tone(1000, 0.05),),
    Sound.COIN: (Tone(1318, 0.07), Tone(1976, 0.14)),
    Sound.ERROR: (Tone(740, 0.16), Tone(0, 0.06), Tone(622, 0.28)),
    Sound.WARNING: (Tone(988, 0.12), Tone(0, 0.08), Tone(988, 0.12), Tone(0, 0.08), Tone(988, 0.12)),
    Sound.LEFT_BEHIND: (
        Tone(1568, 0.12),
        Tone(1175, 0.12),
        Tone(0, 0.05),
        Tone(1568, 0.12),
        Tone(1175, 0.12),
    ),
    Sound.CALLED: (Tone(784, 0.18), Tone(988, 0.18), Tone(1319, 0.3)),
    Sound.READY: (Tone(880, 0.1), Tone(1175, 0.16)),
    Sound.EDGE: (Tone(660, 0.08), Tone(0, 0.04), Tone(660, 0.08)),
}


@cache
def made(sound: Sound) -> Samples:
    """The whole of it, at full gain."""
    return np.concatenate([_tone(tone) for tone in TUNES[sound]])


def _tone(tone: Tone) -> Samples:
    count = round(tone.s * HZ)
    if not tone.hz:
        return np.zeros(count, dtype=np.int16)
    at = np.arange(count) / HZ
    wave = np.sin(2 * np.pi * tone.hz * at) + 0.2 * np.sin(4 * np.pi * tone.hz * at)
    edge = np.minimum(1.0, np.minimum(at, at[::-1]) / _RISE_S)
    return np.asarray(wave / 1.2 * edge * _LEVEL * 32767).astype(np.int16)
