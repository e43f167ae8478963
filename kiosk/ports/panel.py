"""Lamps, buzzer, doors, trays, sensors."""

from __future__ import annotations

from kiosk.ids import DeviceId
from kiosk.ports.base import Command, Event


class TrayFilled(Event, frozen=True):
    """An exit sensor sees something. `thing`: `certificate`, `spare` (of the spare printer), `receipt`, `change`."""

    device: DeviceId
    thing: str


class PaperTaken(Event, frozen=True):
    """An exit sensor saw it go. `thing` as in TrayFilled."""

    device: DeviceId
    thing: str


class SheetLeft(Event, frozen=True):
    """A sensor in the outlet of a certificate printer saw a sheet's end pass. `thing`: `certificate`, `spare`."""

    device: DeviceId
    thing: str


class SetSignal(Command, frozen=True):
    """A light (and buzzer) over the machine. `state`: `off`, `called` (somebody is wanted), `coming` (somebody said
    so). The newest one holds; a lamp that was away is told it again when it is back. No answer is waited for."""

    device: DeviceId
    state: str


class SendMessage(Command, frozen=True):
    """Tell staff elsewhere. Facts of the machine only; nothing waits for it, and it may never arrive.

    `what`: `called`, `waiting` (still), `coming`, `ended`.
    """

    device: DeviceId
    what: str
    step: str
    code: str
    waited_s: int


class EmergencyBegan(Event, frozen=True):
    """The building's contact (fire alarm, 移報) closed, or a person pressed the emergency button."""

    device: DeviceId


class EmergencyEnded(Event, frozen=True):
    """The contact is open again."""

    device: DeviceId
