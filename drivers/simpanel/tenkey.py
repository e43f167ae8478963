"""The marked ten-key of a machine without hardware: a pipe that carries `input_event`, and a hand that presses keys."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Final

from drivers.simpanel import bench, places
from kiosk.errors import ConfigError

PATH: Final = places.BENCH / "tenkey"
_EVENT: Final = struct.Struct("llHHi")
_EV_SYN, _EV_KEY = 0, 1
_CODES: Final = {
    **{str(digit): code for digit, code in enumerate((82, 79, 80, 81, 75, 76, 77, 71, 72, 73))},
    "enter": 96,
    "drop": 83,
    "clear": 69,
}


class Pad:
    """Holds the pipe open, so that the card process never sees its end."""

    def __init__(self) -> None:
        PATH.unlink(missing_ok=True)
        os.mkfifo(PATH)
        bench.own(PATH, "root", 0o640, "kiosk-card")
        self._fd = os.open(PATH, os.O_RDWR | os.O_NONBLOCK)

    def press(self, *keys: str) -> None:
        """press-keys KEY …: digits, `enter`, `drop` (one back), `clear`."""
        for key in keys:
            if key not in _CODES:
                raise ConfigError(f"the pad has no such key: {key}")
            os.write(self._fd, b"".join(_stroke(_CODES[key])))


def _stroke(code: int) -> Iterator[bytes]:
    for value in (1, 0):
        yield _EVENT.pack(0, 0, _EV_KEY, code, value)
        yield _EVENT.pack(0, 0, _EV_SYN, 0, 0)
