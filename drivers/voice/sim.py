"""A loudspeaker that writes files: for the demo and the tests, in the place of ALSA. Not in the appliance.

    DIR/speech.jsonl   one line for each line that was begun: when, where, what, how long, whether to its end
    DIR/0001.wav       what was heard of it, tones included

`voice` and `read` are `kiosk-voice` and `kiosk-read` with that loudspeaker (`--record DIR`). It takes `pace` times as
long as a real one would: 1 and what is interrupted here is interrupted there; 0 and it takes no time at all.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivers.voice import main as voice_main
from drivers.voice import reading_main
from drivers.voice.outlets import Outlet
from drivers.voice.pcm import CHUNK, HZ, Samples, loudness_of, seconds, to_wav


class Recorder:
    """An `outlets.Heard`."""

    def __init__(self, folder: Path, pace: float = 1.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._pace = pace
        self._number = 0
        self._now: dict[str, Any] | None = None
        self._chunks: list[Samples] = []
        self._due_s = 0.0

    def begin(self, outlet: Outlet, text: str, language: str, is_private: bool) -> None:
        self._put_down(True)
        self._now = {
            "at_s": round(time.monotonic(), 3),
            "outlet": outlet.value,
            "language": language,
            "is_private": is_private,
            "text": text,
        }
        self._due_s = max(self._due_s, time.monotonic())

    def write(self, chunk: Samples) -> bool:
        self._chunks.append(chunk)
        self._due_s += CHUNK / HZ * self._pace
        wait_s = self._due_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        return True

    def stop(self) -> None:
        self._put_down(False)

    def drain(self) -> None:
        self._put_down(True)

    def _put_down(self, was_whole: bool) -> None:
        now, self._now = self._now, None
        chunks, self._chunks = self._chunks, []
        if now is None or not (chunks or now["text"]):
            return
        self._number += 1
        heard = np.concatenate(chunks) if chunks else np.zeros(0, dtype=np.int16)
        name = f"{self._number:04d}.wav"
        (self._folder / name).write_bytes(to_wav(heard))
        now |= {
            "file": name,
            "seconds": round(seconds(heard), 2),
            "loudness": round(loudness_of(heard), 4),
            "was_whole": was_whole,
        }
        with open(self._folder / "speech.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(now, ensure_ascii=False) + "\n")


def voice(argv: Sequence[str] | None = None) -> int:
    heard, rest = _recorder(argv)
    return voice_main.main(rest, heard)


def read(argv: Sequence[str] | None = None) -> int:
    heard, rest = _recorder(argv)
    return reading_main.main(rest, heard)


def _recorder(argv: Sequence[str] | None) -> tuple[Recorder, list[str]]:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--record", type=Path, required=True, metavar="DIR")
    parser.add_argument("--pace", type=float, default=1.0, help="0.2: a listener of fivefold speed")
    own, rest = parser.parse_known_args(sys.argv[1:] if argv is None else argv)
    return Recorder(own.record, own.pace), rest
