"""Figures about the window's own work, for the probe and benchmarks/screens.py. No content."""

from __future__ import annotations

import os
import time

_KEPT = 500


class Metrics:
    """Milliseconds of the newest screens and updates, the frames, and how long the first one took."""

    def __init__(self) -> None:
        self.first_frame_ms = 0.0
        self.frames = 0
        self.builds: list[tuple[str, float]] = []
        self.updates: list[float] = []
        self.last_flip_s = 0.0

    def flipped(self) -> bool:
        """A frame can be seen; True: it is the first."""
        self.frames += 1
        self.last_flip_s = time.monotonic()
        if self.first_frame_ms:
            return False
        self.first_frame_ms = _since_process_start_ms()
        return True

    def shown(self, name: str, took_ms: float, *, is_new: bool) -> None:
        """A view became a picture: another screen, or the same one updated."""
        if is_new:
            self.builds.append((name, took_ms))
        else:
            self.updates.append(took_ms)
        del self.builds[:-_KEPT], self.updates[:-_KEPT]


def _since_process_start_ms() -> float:
    """Milliseconds since the kernel started this process (proc(5), field 22, in clock ticks after boot)."""
    with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
        started_ticks = int(file.read().rpartition(")")[2].split()[19])
    boot_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    return (boot_s - started_ticks / os.sysconf("SC_CLK_TCK")) * 1000
