"""What every ccTalk device has in common: being asked one thing at a time, coming, going, being named. Pure.

A machine never waits and never sends. The driver asks `due()` when it wants the line, takes `request()`, and
gives back what came: `replied()` or `unanswered()`. Time is an argument. What happened comes out as events.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.cctalk.codec import BUSY, NAK, Checksum, Frame
from drivers.cctalk.messages import Header, parse_count, parse_text
from kiosk.errors import ContractError, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ports import Command, DeviceArrived, DeviceLost, Event

Events = list[Event]
NEVER = math.inf
_MISSES_MAX = 3
_BUSY_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Request:
    """What the driver is to put on the line for this machine."""

    header: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Step:
    """One question and what its answer does. `if_unanswered`: the device may not know this header (or must
    not be asked twice); then silence and NAK are an answer too. `is_once`: never sent a second time, whatever
    happens."""

    request: Request
    on_reply: Callable[[bytes, float], Events]
    if_unanswered: Callable[[float], Events] | None = None
    is_once: bool = False
    topic: str = ""


class Presence(enum.Enum):
    AWAY = "away"
    IDENTIFYING = "identifying"
    HERE = "here"


@dataclass(slots=True)
class Identity:
    """Who answers at this address."""

    manufacturer: str = ""
    category: str = ""
    product: str = ""
    revision: str = ""
    serial: str = ""

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.product} {self.revision} #{self.serial}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration says of one device."""

    device: DeviceId
    address: int
    checksum: Checksum = Checksum.SUM8
    serial: str = ""
    """Expected serial number; empty: any."""
    retry_s: float = 1.0
    """How often a device that is away is looked for."""


def noted(_data: bytes, _now: float) -> Events:
    """The answer of a step that only had to be acknowledged."""
    return []


def nothing(_now: float) -> Events:
    """What an optional step does when the device does not know it."""
    return []


@dataclass(slots=True)
class _Line:
    """What is asked now and next."""

    steps: deque[Step] = field(default_factory=deque)
    in_flight: Step | None = None
    misses: int = 0
    not_before: float = 0.0


class Device:
    """Bring-up, retries and loss. Subclasses say how they introduce themselves and what they do when they are
    here."""

    category = ""
    """How the specification's equipment category of this kind begins, lower case."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.device = settings.device
        self.presence = Presence.AWAY
        self.identity = Identity()
        self._line = _Line()
        self._lost_code = ""

    # --- for the driver
    # ---------------------------------------------------------------------------------------------

    def due(self) -> float:
        """When this machine wants the line; NEVER when it waits for nothing."""
        if self._line.in_flight is not None:
            raise ContractError(f"asked out of turn: {self.device}")
        busy_until = self._line.not_before
        if self.presence is Presence.AWAY or self._line.steps:
            return busy_until
        return max(busy_until, self._idle_due())

    def request(self, now: float) -> Request:
        """The next question. Answer with `replied` or `unanswered` before asking anything else of this
        machine."""
        step = self._idle_step(now) if self._is_idle_first(now) else None
        if step is None and self._line.steps:
            step = self._line.steps.popleft()
        if step is None:
            step = self._knock() if self.presence is Presence.AWAY else self._idle_step(now)
        self._line.in_flight = step
        return step.request

    def replied(self, frame: Frame, now: float) -> Events:
        """The device's answer to the last request."""
        step = self._take_in_flight()
        if frame.header == BUSY and not step.is_once:
            self._line.steps.appendleft(step)
            self._line.not_before = now + _BUSY_PAUSE_S
            return []
        if frame.header in (NAK, BUSY):
            if step.if_unanswered is not None:
                self._line.misses = 0
                return step.if_unanswered(now)
            return self._missed(step, now)
        try:
            events = step.on_reply(frame.data, now)
        except PeerProtocolError:
            return self._missed(step, now)
        self._line.misses = 0
        return events

    def unanswered(self, now: float) -> Events:
        """No usable answer to the last request: none in time, or bytes that cannot be believed."""
        return self._missed(self._take_in_flight(), now)

    def port_lost(self, now: float) -> Events:
        """The line itself is gone."""
        self._line.in_flight = None
        return self._went_away("no-port", now)

    def perform(self, command: Command, now: float) -> Events:
        """One command of the core."""
        raise NotImplementedError

    def close_down(self, now: float) -> Events:
        """Begin to leave the device safe."""
        raise NotImplementedError

    @property
    def is_safe(self) -> bool:
        """Nothing is left to be done before the line may be closed."""
        raise NotImplementedError

    # --- for subclasses
    # ---------------------------------------------------------------------------------------------

    def _introduction(self) -> list[Step]:
        """What is asked after the identity, before the device counts as here."""
        raise NotImplementedError

    def _on_here(self, now: float) -> Events:
        """The introduction is over."""
        raise NotImplementedError

    def _on_away(self, now: float) -> Events:
        """Contact is lost."""
        raise NotImplementedError

    def _idle_due(self) -> float:
        """When the regular question is due."""
        raise NotImplementedError

    def _idle_step(self, now: float) -> Step:
        """The regular question."""
        raise NotImplementedError

    def _is_idle_first(self, _now: float) -> bool:
        """The regular question goes before the waiting steps."""
        return False

    def _ask(self, *steps: Step) -> None:
        self._line.steps.extend(steps)

    def _forget(self, topic: str) -> None:
        """Drop waiting steps of that topic."""
        self._line.steps = deque(step for step in self._line.steps if step.topic != topic)

    def _pause(self, until: float) -> None:
        self._line.not_before = until

    def _reject_device(self, code: str, now: float) -> Events:
        """It answers, and is not what we may work with."""
        return self._went_away(code, now)

    # --- coming and going
    # -------------------------------------------------------------------------------------------

    def _knock(self) -> Step:
        return Step(Request(Header.SIMPLE_POLL), self._on_knock)

    def _on_knock(self, _data: bytes, _now: float) -> Events:
        self.presence = Presence.IDENTIFYING
        self.identity = Identity()
        self._line.steps.clear()
        self._ask(
            self._text_step(Header.REQUEST_MANUFACTURER, "manufacturer"),
            self._text_step(Header.REQUEST_EQUIPMENT_CATEGORY, "category"),
            self._text_step(Header.REQUEST_PRODUCT_CODE, "product"),
            self._text_step(Header.REQUEST_SOFTWARE_REVISION, "revision"),
            Step(Request(Header.REQUEST_SERIAL_NUMBER), self._on_serial),
        )
        return []

    def _text_step(self, header: Header, name: str) -> Step:
        def on_reply(data: bytes, _now: float) -> Events:
            setattr(self.identity, name, parse_text(data))
            return []

        return Step(Request(header), on_reply)

    def _on_serial(self, data: bytes, now: float) -> Events:
        self.identity.serial = str(parse_count(data))
        if not self.identity.category.lower().startswith(self.category):
            return self._reject_device("wrong-kind", now)
        if self.settings.serial not in ("", self.identity.serial):
            return self._reject_device("wrong-serial", now)
        self._ask(*self._introduction())
        self._ask(Step(Request(Header.SIMPLE_POLL), self._on_introduced))
        return []

    def _on_introduced(self, _data: bytes, now: float) -> Events:
        self.presence = Presence.HERE
        self._lost_code = ""
        return [DeviceArrived(self.device, str(self.identity)), *self._on_here(now)]

    def _take_in_flight(self) -> Step:
        step, self._line.in_flight = self._line.in_flight, None
        if step is None:
            raise ContractError(f"answer without a question: {self.device}")
        return step

    def _missed(self, step: Step, now: float) -> Events:
        self._line.misses += 1
        if step.is_once and step.if_unanswered is not None:
            return step.if_unanswered(now)
        if self.presence is Presence.AWAY or (
            self._line.misses >= _MISSES_MAX and step.if_unanswered is None
        ):
            return self._went_away("no-answer", now)
        if step.if_unanswered is not None and self._line.misses >= _MISSES_MAX:
            return step.if_unanswered(now)  # if the device is gone, the next mandatory question finds out
        self._line.steps.appendleft(step)
        return []

    def _went_away(self, code: str, now: float) -> Events:
        was_told = self._lost_code == code or (self._lost_code != "" and self.presence is Presence.AWAY)
        self.presence = Presence.AWAY
        self._line.steps.clear()
        self._line.misses = 0
        self._line.not_before = now + self.settings.retry_s
        events = self._on_away(now)
        if was_told:
            return events
        self._lost_code = code
        return [DeviceLost(self.device, code), *events]
