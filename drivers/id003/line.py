"""Being asked one thing at a time: what is on the line now, what waits, what was missed. Pure.

A machine never waits and never sends. The driver asks `due()` when it wants the line, takes `request()`, and gives
back what came: `replied()` or `unanswered()`. Time is an argument. What happened comes out as events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from drivers.id003.codec import Frame
from drivers.id003.messages import Command, Extended, Status, extended, parse_extended
from kiosk.errors import ContractError, PeerProtocolError
from kiosk.ports import Event

Events = list[Event]
NEVER = float("inf")
MISSES_MAX = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One question and what its answer does. `if_refused`: the device may refuse it, and that is an answer too;
    `is_optional`: so is silence. `is_once`: never sent a second time, whatever happens. `has_reply`: only ACK has
    none. `is_local`: no question at all; done when all before it is done."""

    request: Frame
    on_reply: Callable[[Frame, float], Events]
    if_refused: Callable[[float], Events] | None = None
    on_sent: Callable[[float], None] | None = None
    """Called at the moment it goes on the line: from then on it may have happened."""
    is_once: bool = False
    has_reply: bool = True
    is_optional: bool = True
    is_local: bool = False
    topic: str = ""


def noted(_frame: Frame, _now: float) -> Events:
    """The answer of a step that only had to be taken."""
    return []


def nothing(_now: float) -> Events:
    """What an optional step does when the device does not know it."""
    return []


def order(command: Command, if_refused: Callable[[float], Events] | None = None, topic: str = "") -> Step:
    """An operation: answered by 50."""
    return Step(Frame(command), _acknowledged, if_refused, topic=topic)


def setting(
    command: Command, data: bytes, if_refused: Callable[[float], Events] | None = None, topic: str = ""
) -> Step:
    """A set command: answered by its own echo."""

    def on_reply(frame: Frame, _now: float) -> Events:
        if frame != Frame(command, data):
            raise PeerProtocolError("id003: not the echo")
        return []

    return Step(Frame(command, data), on_reply, if_refused, topic=topic)


def question(
    command: Command,
    then: Callable[[bytes, float], Events],
    if_refused: Callable[[float], Events] | None = None,
    topic: str = "",
) -> Step:
    """A get command: answered by the same number and data."""

    def on_reply(frame: Frame, now: float) -> Events:
        if frame.command != command:
            raise PeerProtocolError("id003: not an answer to that")
        return then(frame.data, now)

    return Step(Frame(command), on_reply, if_refused, topic=topic)


def recycler_question(
    command: Extended,
    then: Callable[[bytes, float], Events],
    if_refused: Callable[[float], Events] | None = None,
    topic: str = "",
    *,
    is_optional: bool = True,
) -> Step:
    """A get command of the recycler extension."""

    def on_reply(frame: Frame, now: float) -> Events:
        return then(parse_extended(frame, command), now)

    return Step(extended(command), on_reply, if_refused, is_optional=is_optional, topic=topic)


def marker(then: Callable[[float], Events], topic: str = "") -> Step:
    """What is to be done when all before it is done."""
    return Step(Frame(0), lambda _frame, now: then(now), is_local=True, topic=topic)


def acknowledgement() -> Step:
    """ACK: the device may forget VEND VALID or PAY VALID. No reply; the next status tells."""
    return Step(Frame(Command.ACK), noted, nothing, is_once=True, has_reply=False, topic="ack")


def _acknowledged(frame: Frame, _now: float) -> Events:
    if frame != Frame(Command.ACK):
        raise PeerProtocolError("id003: not acknowledged")
    return []


class Line:
    """What is asked now and next."""

    def __init__(self) -> None:
        self.steps: deque[Step] = deque()
        self.misses = 0
        self.not_before = 0.0
        self._in_flight: Step | None = None

    def ask(self, *steps: Step) -> None:
        self.steps.extend(steps)

    def forget(self, topic: str) -> None:
        """Drop waiting steps of that topic."""
        self.steps = deque(step for step in self.steps if step.topic != topic)

    def has(self, topic: str) -> bool:
        """A step of that topic waits for the line."""
        return any(step.topic == topic for step in self.steps)

    def clear(self) -> None:
        self.steps.clear()
        self.misses = 0

    def send(self, step: Step, now: float) -> Step:
        if self._in_flight is not None:
            raise ContractError("id003: asked out of turn")
        if step.on_sent is not None:
            step.on_sent(now)
        if step.has_reply:
            self._in_flight = step
        return step

    def local(self) -> Step | None:
        """The next step, when it is none for the wire."""
        return self.steps.popleft() if self.steps and self.steps[0].is_local else None

    def drop_in_flight(self) -> None:
        self._in_flight = None

    def replied(self, frame: Frame, now: float) -> Events | None:
        """What the answer did; None when it was none."""
        step = self._take()
        if frame.command == Status.INVALID_COMMAND and step.if_refused is not None:
            self.misses = 0
            return step.if_refused(now)
        try:
            events = step.on_reply(frame, now)
        except PeerProtocolError:
            return self._missed(step, now)
        self.misses = 0
        return events

    def unanswered(self, now: float) -> Events | None:
        """No usable answer in time; None when that was once too often."""
        return self._missed(self._take(), now)

    def _missed(self, step: Step, now: float) -> Events | None:
        self.misses += 1
        if step.if_refused is not None and (step.is_once or (step.is_optional and self.misses >= MISSES_MAX)):
            return step.if_refused(now)
        if self.misses >= MISSES_MAX:
            return None
        self.steps.appendleft(step)
        return []

    def _take(self) -> Step:
        step, self._in_flight = self._in_flight, None
        if step is None:
            raise ContractError("id003: answer without a question")
        return step
