"""Headphones and a handset of a machine without sound: pipes that carry `input_event`, hands for them, and ears that
hear what the voice process and the reading process wrote down."""

from __future__ import annotations

import json
import os
import struct
import time
from pathlib import Path
from typing import Any, Final

from drivers.simpanel import bench, places
from kiosk.errors import ConfigError

JACK: Final = places.BENCH / "jack"
HOOK: Final = places.BENCH / "hook"
READERS_JACK: Final = places.BENCH / "jack-of-the-reader"
READERS_HOOK: Final = places.BENCH / "hook-of-the-reader"
"""A device gives each reader every event; a pipe gives each event to one reader only. So each has a pipe of its own."""
HOOK_CODE: Final = 169
"""KEY_PHONE of linux/input-event-codes.h."""
HEARD: Final = tuple(places.STATE / name / "heard" for name in ("voice", "read"))

_EVENT: Final = struct.Struct("llHHi")
_EV_SYN, _EV_KEY, _EV_SW, _SW_HEADPHONE_INSERT = 0, 1, 5, 2
_GLANCE_S: Final = 0.05


class Ears:
    """Holds the pipes open, so that the processes never see their end."""

    def __init__(self) -> None:
        self._pipes = {path: _pipe(path) for path in (JACK, HOOK, READERS_JACK, READERS_HOOK)}
        self._is_plugged = self._is_lifted = False

    def plug(self, is_in: bool) -> dict[str, Any]:
        """plug-headphones, unplug-headphones."""
        self._is_plugged = is_in
        self._tell(JACK, _EV_SW, _SW_HEADPHONE_INSERT, is_in)
        self._tell(READERS_JACK, _EV_SW, _SW_HEADPHONE_INSERT, is_in)
        return {"at_s": time.monotonic()}

    def lift(self, is_up: bool) -> dict[str, Any]:
        """lift-handset, hang-up."""
        self._is_lifted = is_up
        self._tell(HOOK, _EV_KEY, HOOK_CODE, is_up)
        self._tell(READERS_HOOK, _EV_KEY, HOOK_CODE, is_up)
        return {"at_s": time.monotonic()}

    def tell_reader(self) -> None:
        """A reading process is about to start. It asks a device how it stands; a pipe cannot be asked."""
        self._tell(READERS_JACK, _EV_SW, _SW_HEADPHONE_INSERT, self._is_plugged)
        self._tell(READERS_HOOK, _EV_KEY, HOOK_CODE, self._is_lifted)

    def _tell(self, path: Path, kind: int, code: int, is_on: bool) -> None:
        events = _EVENT.pack(0, 0, kind, code, is_on) + _EVENT.pack(0, 0, _EV_SYN, 0, 0)
        os.write(self._pipes[path], events)


def _pipe(path: Path) -> int:
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    bench.own(path, "root", 0o640, "kiosk-ears")
    return os.open(path, os.O_RDWR | os.O_NONBLOCK)


def heard() -> list[dict[str, Any]]:
    """Every line that was begun so far, in the order of time; with the file that holds its sound."""
    rows: list[dict[str, Any]] = []
    for folder in HEARD:
        file = folder / "speech.jsonl"
        if file.is_file():
            for row in file.read_text(encoding="utf-8").splitlines():
                rows.append({**json.loads(row), "folder": os.fspath(folder.relative_to(places.OUT))})
    return sorted(rows, key=lambda row: float(row["at_s"]))


def listen(text: str, within_s: str = "20", since_s: str = "0") -> dict[str, Any]:
    """hear TEXT: wait until a line with these words, begun since then, was heard to its end. ConfigError with the last
    lines if not."""
    give_up_s = time.monotonic() + float(within_s)
    while True:
        rows = heard()
        found = next(
            (
                row
                for row in reversed(rows)
                if text in row["text"] and row["was_whole"] and row["at_s"] > float(since_s)
            ),
            None,
        )
        if found is not None:
            return dict(found)
        if time.monotonic() > give_up_s:
            last = " | ".join(f"{row['outlet']}: {row['text'][:40]}" for row in rows[-6:])
            raise ConfigError(f"not heard: {text}; last was {last}")
        time.sleep(_GLANCE_S)
