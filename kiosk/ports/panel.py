"""Lamps, buzzer, doors, trays, sensors."""

from __future__ import annotations

from kiosk.ids import DeviceId
from kiosk.ports.base import Event


class PaperTaken(Event, frozen=True):
    """An exit sensor saw it go. `thing`: `certificate`, `receipt`, `change`."""

    device: DeviceId
    thing: str
