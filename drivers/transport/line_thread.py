"""One thread for one serial line: commands in, bytes out and back, events to the core.

All that is decided is decided by the protocol's machines (pure); what the protocol's bytes look like is told by its
`Conversation`. `turn` is one round of the thread; tests of whole schedules call `step` themselves, on a clock and a
port of their own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from drivers.transport.serial_port import open_serial
from kiosk.clock import Clock, SystemClock
from kiosk.errors import DeviceTimeout, DeviceUnavailable, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ports import Command, Event

Post = Callable[[Event], None]
NEVER = float("inf")

_SILENCE_S = 0.05
"""A receiver starts anew after so long without a byte (ccTalk: X6 p.12)."""
_SETTLE_MAX_S = 0.5
_REOPEN_S = 1.0
_LEAVE_S = 20.0
"""What is in hand is seen to its end before the thread leaves, for at most this long."""
_LOOK_UP_S = 1.0
"""How often a time-out of the machines is looked at when nothing else is to be done."""


class Port(Protocol):
    """What the thread asks of a line (drivers/transport/serial_port.py)."""

    def read(self, timeout_s: float) -> bytes: ...

    def write(self, data: bytes) -> None: ...

    def discard_input(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LineSettings:
    """`port`: a device node or `socket://host:port`."""

    port: str
    baud: int = 9600
    parity: str = "N"
    reply_timeout_s: float = 0.2


class Conversation(Protocol):
    """What a protocol is to the thread. Time is an argument; every call but `refuse_nonsense` is the thread's."""

    @property
    def devices(self) -> tuple[DeviceId, ...]: ...

    def refuse_nonsense(self, command: Command) -> None:
        """ContractError for what this kind cannot do; called from the core's thread."""

    def due(self) -> float:
        """When the next question may go out."""

    def tick(self, now: float) -> list[Event]:
        """What only time decides."""

    def perform(self, command: Command, now: float) -> list[Event]: ...

    def close_down(self, now: float) -> list[Event]:
        """Begin to leave the devices safe."""

    @property
    def is_safe(self) -> bool:
        """Nothing is left to be done before the line may be closed."""

    def port_lost(self, now: float) -> list[Event]: ...

    def ask(self, now: float) -> tuple[bytes, bool]:
        """The bytes of the next question, and whether there is an answer. What came before is forgotten."""

    def feed(self, data: bytes) -> None: ...

    def next_frame(self) -> Any | None:
        """The answer; None: not all of it is here. PeerProtocolError: it cannot be believed."""

    def idle(self) -> None:
        """The line has been silent."""

    def replied(self, frame: Any, now: float) -> list[Event]: ...

    def unanswered(self, now: float) -> list[Event]: ...

    @property
    def is_out_of_step(self) -> bool:
        """The answer that came was to an earlier question: ours is still on its way."""


class LineThread:
    """kiosk.ports.Driver for the devices of one line."""

    def __init__(
        self,
        name: str,
        talk: Conversation,
        settings: LineSettings,
        post: Post,
        *,
        clock: Clock | None = None,
        open_port: Callable[..., Port] = open_serial,
    ) -> None:
        self._talk = talk
        self._settings = settings
        self._post = post
        self._clock = clock or SystemClock()
        self._open_port = open_port
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._port: Port | None = None
        self._reopen_at = 0.0
        self._leave_by = NEVER
        # No daemon thread: a process that ends after `stop` waits here until the slot is shut and a payout is out.
        self._thread = threading.Thread(target=self._run, name=name, daemon=False)

    # --- kiosk.ports.Driver, called from the core's thread -----------------------------------------------------------

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return self._talk.devices

    def start(self) -> None:
        self._thread.start()

    def perform(self, command: Command) -> None:
        self._talk.refuse_nonsense(command)
        self._commands.put(command)

    def stop(self) -> None:
        """Close the slot, see what is in hand to its end, give the line back. Returns at once; `join` waits."""
        self._commands.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has left; False when it has not in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # --- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self.may_leave:
                self.turn()
        finally:
            if self._port is not None:
                self._port.close()

    @property
    def wake_at(self) -> float:
        """When there is something to do, if no command comes before."""
        return self._talk.due() if self._port is not None else self._reopen_at

    def turn(self) -> None:
        """Commands, then the most urgent question; or sleep until one of the two is there."""
        now = self._clock.monotonic_s()
        self._ensure_port(now)
        self._step(self._take_commands(max(0.0, self.wake_at - now)))

    def step(self) -> None:
        """A turn that never sleeps: for who moves the clock and calls it when `wake_at` has come."""
        self._ensure_port(self._clock.monotonic_s())
        self._step(self._take_commands(0.0))

    def _step(self, commands: list[Command | None]) -> None:
        for command in commands:
            self._perform(command)
        now = self._clock.monotonic_s()
        self._tell(self._talk.tick(now))
        if self._port is not None and self._talk.due() <= now:
            self._exchange(self._port)

    def _take_commands(self, wait_s: float) -> list[Command | None]:
        """All that wait; else the first that comes within `wait_s`."""
        found: list[Command | None] = []
        try:
            if wait_s > 0:
                found.append(self._commands.get(timeout=min(wait_s, _LOOK_UP_S)))
            while True:
                found.append(self._commands.get_nowait())
        except queue.Empty:
            return found

    def _perform(self, command: Command | None) -> None:
        now = self._clock.monotonic_s()
        if command is None:
            self._leave_by = now + _LEAVE_S
            self._tell(self._talk.close_down(now))
        else:
            self._tell(self._talk.perform(command, now))

    @property
    def may_leave(self) -> bool:
        if self._leave_by == NEVER:
            return False
        if self._port is None or self._clock.monotonic_s() >= self._leave_by:
            return True
        return self._talk.is_safe

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            self._post(event)

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _ensure_port(self, now: float) -> None:
        if self._port is not None or now < self._reopen_at:
            return
        self._reopen_at = now + _REOPEN_S
        settings = self._settings
        try:
            self._port = self._open_port(settings.port, baud=settings.baud, parity=settings.parity)
        except DeviceUnavailable:
            self._tell(self._talk.port_lost(now))

    def _exchange(self, port: Port) -> None:
        raw, has_reply = self._talk.ask(self._clock.monotonic_s())
        frame: Any | None = None
        try:
            port.discard_input()
            port.write(raw)
            if not has_reply:
                self._settle(port)
                return
            frame = self._receive(port)
        except (PeerProtocolError, DeviceTimeout):
            frame = None
        except DeviceUnavailable:
            self._lose_port(port)
            return
        if frame is None:
            if self._settle(port):
                self._tell(self._talk.unanswered(self._clock.monotonic_s()))
            return
        self._tell(self._talk.replied(frame, self._clock.monotonic_s()))
        if self._talk.is_out_of_step:
            self._settle(port)

    def _receive(self, port: Port) -> Any | None:
        """The answer; None when none came in time."""
        deadline = self._clock.monotonic_s() + self._settings.reply_timeout_s
        while True:
            frame = self._talk.next_frame()
            if frame is not None:
                return frame
            left = deadline - self._clock.monotonic_s()
            if left <= 0:
                return None
            self._talk.feed(port.read(left))

    def _settle(self, port: Port) -> bool:
        """Wait for silence, so that a late answer is not taken for the next one. False: the port is lost."""
        deadline = self._clock.monotonic_s() + _SETTLE_MAX_S
        try:
            while port.read(_SILENCE_S) and self._clock.monotonic_s() < deadline:
                pass
        except DeviceUnavailable:
            self._lose_port(port)
            return False
        self._talk.idle()
        return True

    def _lose_port(self, port: Port) -> None:
        port.close()
        self._port = None
        now = self._clock.monotonic_s()
        self._reopen_at = now + _REOPEN_S
        self._tell(self._talk.port_lost(now))
