"""Prompts that were spoken ahead: one Opus file each, named by what it says and who says it.

    FOLDER/ja/3f…a1.opus

A prompt that has none, another speed than the usual, an amount, a name: spoken live. What is not in the folder is never
an error, so a text that was changed after the folder was made is heard all the same. Opus by Debian's opus-tools,
programs of their own: 3 kB a second where WAV needs 48.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections import OrderedDict
from pathlib import Path
from typing import Final

from drivers.voice.engines import Engines
from drivers.voice.pcm import Samples, from_wav, to_wav
from i18n.voices import VOICES, prompts
from kiosk.errors import DeviceUnavailable
from kiosk.ipc.voice_wire import PACE_USUAL

_KBITS: Final = 24
_WITHIN_S: Final = 20.0
_KEPT: Final = 200
"""Prompts kept in memory: about 20 MB."""


def name_of(text: str, language: str) -> str:
    """The same words by another voice have another name."""
    voice = VOICES[language]
    return hashlib.sha256(f"{voice.engine}\0{voice.name}\0{text}".encode()).hexdigest()[:32]


class Clips:
    """`speak` of a player: from the folder, else live."""

    def __init__(self, engines: Engines, folder: Path | None = None) -> None:
        self._engines = engines
        self._folder = folder
        self._kept: OrderedDict[tuple[str, str], Samples] = OrderedDict()

    def speak(self, text: str, language: str, pace: int) -> Samples:
        """DeviceUnavailable, ConfigError: this voice is not to be had now. Nothing is kept but what was made ahead."""
        if pace != PACE_USUAL or self._folder is None or language not in VOICES:
            return self._engines.speak(text, language, pace)
        kept = self._kept.get((language, text))
        if kept is not None:
            self._kept.move_to_end((language, text))
            return kept
        file = self._folder / language / f"{name_of(text, language)}.opus"
        if not file.is_file():
            return self._engines.speak(text, language, pace)
        try:
            found = read_opus(file)
        except DeviceUnavailable:
            return self._engines.speak(text, language, pace)
        self._kept[language, text] = found
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found


def read_opus(file: Path) -> Samples:
    """DeviceUnavailable when it cannot be read."""
    try:
        done = subprocess.run(  # noqa: S603  # a file that we made
            ["/usr/bin/opusdec", "--quiet", "--force-wav", "--rate", "24000", str(file), "-"],
            capture_output=True,
            timeout=_WITHIN_S,
            check=True,
        )
        return from_wav(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        raise DeviceUnavailable("opusdec: cannot read a prompt") from None


def write_opus(samples: Samples, file: Path) -> None:
    """DeviceUnavailable when it cannot be written."""
    fresh = file.with_suffix(".part")
    try:
        subprocess.run(  # noqa: S603  # a file of ours
            ["/usr/bin/opusenc", "--quiet", "--speech", "--bitrate", str(_KBITS), "-", str(fresh)],
            input=to_wav(samples),
            capture_output=True,
            timeout=_WITHIN_S,
            check=True,
        )
        fresh.replace(file)
    except (OSError, subprocess.SubprocessError):
        fresh.unlink(missing_ok=True)
        raise DeviceUnavailable("opusenc: cannot write a prompt") from None


def render(folder: Path, language: str, engines: Engines, most: int | None = None) -> tuple[int, int]:
    """Speak the prompts of a language into the folder: how many are new, how many there are. What no prompt needs any
    more is removed, when all were looked at."""
    target = folder / language
    target.mkdir(parents=True, exist_ok=True)
    wanted = prompts(language)[:most]
    made = 0
    for text in wanted:
        file = target / f"{name_of(text, language)}.opus"
        if not file.exists():
            samples = engines.speak(text, language, PACE_USUAL)
            if len(samples):
                write_opus(samples, file)
                made += 1
    if most is None:
        names = {f"{name_of(text, language)}.opus" for text in wanted}
        for left in target.glob("*.opus"):
            if left.name not in names:
                left.unlink()
    return made, len(wanted)
