"""The reader: one certificate read aloud to its owner, by a process that keeps nothing (ADR 0066)."""

from __future__ import annotations

import enum

from kiosk.ids import DeviceId
from kiosk.ports.base import Command, Event


class ReadingEnd(enum.Enum):
    """How it ended."""

    DONE = "done"
    STOPPED = "stopped"
    NO_EARS = "no-ears"
    """Neither headphones nor handset, or not any more: not a word was, or is, said."""
    FAILED = "failed"
    """No voice, no sound device, no process."""


class ReadPaper(Command, frozen=True):
    """Read this to headphones or handset. `pages`: the text of the very bytes that were printed, fronts only."""

    device: DeviceId
    pages: tuple[str, ...]
    loudness: int
    pace: int


class StopReading(Command, frozen=True):
    """Silence, and forget it."""

    device: DeviceId


class ReadingEnded(Event, frozen=True):
    """It is over, and the process with it."""

    device: DeviceId
    how: ReadingEnd
