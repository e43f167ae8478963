"""What every device, and the loop itself, says and is told."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from kiosk.ids import DeviceId


class Outcome(enum.Enum):
    """How an operation ended. UNKNOWN is a result: it stays until device evidence or a person resolves it."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    """Proven not done."""
    PARTIAL = "partial"
    UNKNOWN = "unknown"


class Event(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Something that happened."""


class Command(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Something to do."""


class Driver(Protocol):
    """One or more devices behind one line, as the daemon sees them. Every call returns at once; work happens in the
    driver's own thread."""

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        """The device ids that commands and events of this driver carry (a ccTalk bus has an acceptor and hoppers)."""

    def start(self) -> None:
        """Begin; ends in DeviceArrived or DeviceLost, and goes on looking for a lost device by itself."""

    def perform(self, command: Command) -> None:
        """Queue one command. A command this kind cannot do is a ContractError."""

    def stop(self) -> None:
        """Leave the device safe (cash closed, nothing half sent) and end the thread."""


Factory = Callable[[DeviceId, Mapping[str, Any], Callable[[Event], None]], Driver]


class DeviceArrived(Event, frozen=True):
    """The device answers. `identity` is maker, model and serial as the device says them (never a person's data)."""

    device: DeviceId
    identity: str


class DeviceLost(Event, frozen=True):
    """The device does not answer; `code` is from the driver's README (`no-port`, `no-answer`, `wrong-serial` …)."""

    device: DeviceId
    code: str


class DeviceFault(Event, frozen=True):
    """The device is there and says that something is wrong with it. `clear=True` says the same fault is gone."""

    device: DeviceId
    code: str
    clear: bool = False
    is_within_reach: bool = False
    """The person in front can end it (a note that stands in the mouth); else only staff can."""


class DeviceWarned(Event, frozen=True):
    """The device goes on, and staff should see to it soon. All that it warns of now; none: of nothing any more."""

    device: DeviceId
    codes: tuple[str, ...]


class StartTimer(Command, frozen=True):
    name: str
    after_s: float


class StopTimer(Command, frozen=True):
    name: str


class TimerExpired(Event, frozen=True):
    name: str


class ClockJudged(Event, frozen=True):
    """Whether the wall clock can be trusted: synchronised and not before the build date."""

    is_good: bool
    code: str = ""
