"""sd_notify(3) "WATCHDOG=1" from a process's own loop: its unit kills it when the loop stands still (WatchdogSec=)."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Final

EVERY_S: Final = 5.0
"""A loop with nothing to do still turns so often."""


class Watchdog:
    """Silent where no manager listens."""

    def __init__(self) -> None:
        name = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def beat(self) -> None:
        """The loop turns."""
        if self._address:
            with contextlib.suppress(OSError):
                self._socket.sendto(b"WATCHDOG=1", self._address)

    def close(self) -> None:
        self._socket.close()


def shorter(wait_s: float | None) -> float:
    """How long a loop may sleep at most."""
    return EVERY_S if wait_s is None else min(wait_s, EVERY_S)
