"""From words to samples: Open JTalk for Japanese in this process, espeak-ng for the others as a program of its own.

espeak-ng is GPL-3; it is started as the separate program that it is, gets the words on its standard input (a command
line is seen by every process of the machine) and gives a WAV file back.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np

from drivers.voice.pcm import NOTHING, Samples, from_any, from_wav, levelled
from i18n.voices import ESPEAK, JTALK, VOICES, Voice
from kiosk.errors import ConfigError, DeviceUnavailable
from kiosk.ipc.voice_wire import PACE_USUAL, PACES

_JTALK_HZ: Final = 48_000
_ESPEAK_WORDS_A_MINUTE: Final = 155
"""A little under its own 175: these are instructions, heard once."""
_ESPEAK_WITHIN_S: Final = 20.0


class Engine(Protocol):
    def speak(self, text: str, voice: Voice, pace: int) -> Samples:
        """The words at this index of PACES; no sample for words without a sound. DeviceUnavailable: it cannot now."""


class OpenJTalk:
    """The library and its dictionary come with the first word (0.3 s, 80 MB): not before somebody listens."""

    def __init__(self) -> None:
        self._tts: Callable[..., tuple[Any, int]] | None = None

    def warm(self) -> None:
        """Load it now. ConfigError when the extra `voice` is not installed."""
        if self._tts is None:
            try:
                import pyopenjtalk  # noqa: PLC0415  # late: see the class
            except ImportError:
                raise ConfigError("Japanese is not spoken: the extra `voice` is not installed") from None
            self._tts = pyopenjtalk.tts
            self._tts("あ")

    def speak(self, text: str, voice: Voice, pace: int) -> Samples:
        del voice  # it has one
        self.warm()
        tts = self._tts
        if tts is None:
            raise DeviceUnavailable("open-jtalk: not loaded")
        try:
            samples, hz = tts(text, speed=PACES[pace] / 100, predict_nani=False)  # no ONNX here
        except (RuntimeError, ValueError):  # words without a sound: 「……」
            return NOTHING
        return levelled(from_any(np.asarray(samples), hz))


class Espeak:
    def __init__(self, program: str = "/usr/bin/espeak-ng") -> None:
        self._program = program

    def speak(self, text: str, voice: Voice, pace: int) -> Samples:
        speed = str(round(_ESPEAK_WORDS_A_MINUTE * PACES[pace] / 100))
        try:
            done = subprocess.run(  # noqa: S603  # fixed words, and a voice of our table
                [self._program, "-v", voice.name, "-s", speed, "-b", "1", "--stdin", "--stdout"],
                input=text.encode(),
                capture_output=True,
                timeout=_ESPEAK_WITHIN_S,
                check=True,
            )
            return levelled(from_wav(done.stdout)) if done.stdout else NOTHING
        except (OSError, subprocess.SubprocessError, ValueError):
            raise DeviceUnavailable("espeak-ng: does not speak") from None  # the library quotes the words


class Engines:
    """Words of any language that has a voice."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {JTALK: OpenJTalk(), ESPEAK: Espeak()}

    def speak(self, text: str, language: str, pace: int = PACE_USUAL) -> Samples:
        """DeviceUnavailable, ConfigError: this voice is not to be had now."""
        voice = VOICES.get(language)
        if voice is None:
            raise DeviceUnavailable(f"no voice for {language}")
        return self._engines[voice.engine].speak(text, voice, pace)
