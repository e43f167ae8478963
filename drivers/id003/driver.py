"""The ID-003 driver: one thread for one device, turning bytes into events. All that is decided is decided by the
machine."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from drivers.id003.codec import NEED_DATA, Frame, FrameReader, encode
from drivers.id003.device import NoteUnit
from drivers.id003.line import NEVER
from drivers.id003.settings import Port, read_options
from drivers.transport.serial_port import SerialPort, open_serial
from kiosk.clock import SystemClock
from kiosk.errors import ContractError, DeviceTimeout, DeviceUnavailable, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ports import (
    AcknowledgeCredit,
    AcknowledgePayout,
    Command,
    DeviceLost,
    Dispense,
    Event,
    ReadHopper,
    ResetNotePath,
    ResolveDispense,
    ReturnNote,
    SetAcceptance,
    StackNote,
    StartNoteAcceptor,
    StopDispense,
)

log = logging.getLogger(__name__)

Post = Callable[[Event], None]

_SILENCE_S = 0.05
"""The line counts as silent after so long without a byte."""
_SETTLE_MAX_S = 0.5
_REOPEN_S = 1.0
_LEAVE_S = 20.0
"""A note or a payout in hand is seen to its end before the thread leaves, for at most this long."""
_LOOK_UP_S = 1.0
"""How often a payout's time-out is looked at when nothing else is to be done."""
_COUNT_MAX = 255


def create(device: DeviceId, options: Mapping[str, Any], post: Post) -> Id003Driver:
    """The factory of the registry. `device` names the line; events carry the ids of the units on it."""
    return Id003Driver(read_options(device, options), post)


class Id003Driver:
    """kiosk.ports.Driver for a note validator and its recycler boxes."""

    def __init__(self, settings: Port, post: Post) -> None:
        self._settings = settings
        self._post = post
        self._unit = NoteUnit(settings.unit)
        self._boxes = frozenset(self._unit.boxes.devices)
        self._is_started = False
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._clock = SystemClock()
        self._reader = FrameReader()
        self._port: SerialPort | None = None
        self._reopen_at = 0.0
        self._leave_by = NEVER
        self._thread = threading.Thread(target=self._run, name="id003", daemon=True)

    # --- kiosk.ports.Driver, called from the core's thread
    # ----------------------------------------------------------------------------------------------------------

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return self._unit.devices

    def start(self) -> None:
        self._thread.start()

    def perform(self, command: Command) -> None:
        self._refuse_nonsense(command)
        self._commands.put(command)

    def stop(self) -> None:
        """Shut the mouth, see what is in hand to its end, give the line back. Returns at once; `join` waits."""
        self._commands.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has left; False when it has not in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _refuse_nonsense(self, command: Command) -> None:
        match command:
            case StartNoteAcceptor(device=device) if device == self._unit.device:
                self._is_started = True
            case SetAcceptance(device=device) | StackNote(device=device) | ReturnNote(device=device) if (
                device == self._unit.device and self._is_started
            ):
                pass
            case AcknowledgeCredit(device=device) | ResetNotePath(device=device) if (
                device == self._unit.device and self._is_started
            ):
                pass
            case ReadHopper(device=device) | ResolveDispense(device=device) if device in self._boxes:
                pass
            case AcknowledgePayout(device=device) | StopDispense(device=device) if device in self._boxes:
                pass
            case Dispense(device=device, count=count) if device in self._boxes and 0 < count <= _COUNT_MAX:
                pass
            case _:
                raise ContractError(f"id003: not a command for here and now: {type(command).__name__}")

    # --- the thread
    # ----------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._may_leave():
                self._turn()
        except ContractError:
            log.exception("id003: driver stopped")
            for device in self.devices:
                self._post(DeviceLost(device, "driver-failed"))
        finally:
            if self._port is not None:
                self._port.close()

    def _turn(self) -> None:
        """Commands, then what the machine wants of the line; or sleep until one of the two is there."""
        now = self._clock.monotonic_s()
        self._ensure_port(now)
        wake = self._unit.due() if self._port is not None else self._reopen_at
        for command in self._take_commands(max(0.0, wake - now)):
            self._perform(command)
        now = self._clock.monotonic_s()
        self._tell(self._unit.tick(now))
        if self._port is not None and self._unit.due() <= now:
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
            self._tell(self._unit.close_down(now))
        else:
            self._tell(self._unit.perform(command, now))

    def _may_leave(self) -> bool:
        if self._leave_by == NEVER:
            return False
        if self._port is None or self._clock.monotonic_s() >= self._leave_by:
            return True
        return self._unit.is_safe

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            self._post(event)

    # --- the wire
    # ----------------------------------------------------------------------------------------------------------

    def _ensure_port(self, now: float) -> None:
        if self._port is not None or now < self._reopen_at:
            return
        self._reopen_at = now + _REOPEN_S
        try:
            self._port = open_serial(
                self._settings.port, baud=self._settings.baud, parity=self._settings.parity
            )
        except DeviceUnavailable as error:
            log.debug("%s", error)
            self._tell(self._unit.port_lost(now))

    def _exchange(self, port: SerialPort) -> None:
        step = self._unit.request(self._clock.monotonic_s())
        self._reader.idle()
        frame: Frame | None = None
        try:
            port.discard_input()
            port.write(encode(step.request))
            if not step.has_reply:
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
                self._tell(self._unit.unanswered(self._clock.monotonic_s()))
            return
        self._tell(self._unit.replied(frame, self._clock.monotonic_s()))
        if self._unit.line.misses:
            # The answer to an earlier question: ours is still on its way, and the next one would be a question behind.
            self._settle(port)

    def _receive(self, port: SerialPort) -> Frame | None:
        """The reply; None when none came in time."""
        deadline = self._clock.monotonic_s() + self._settings.reply_timeout_s
        while True:
            frame = self._reader.next_frame()
            if frame is not NEED_DATA:
                return frame
            left = deadline - self._clock.monotonic_s()
            if left <= 0:
                return None
            self._reader.feed(port.read(left))

    def _settle(self, port: SerialPort) -> bool:
        """Wait for silence, so that a late answer is not taken for the next one. False: the port is lost."""
        deadline = self._clock.monotonic_s() + _SETTLE_MAX_S
        try:
            while port.read(_SILENCE_S) and self._clock.monotonic_s() < deadline:
                pass
        except DeviceUnavailable:
            self._lose_port(port)
            return False
        self._reader.idle()
        return True

    def _lose_port(self, port: SerialPort) -> None:
        port.close()
        self._port = None
        now = self._clock.monotonic_s()
        self._reopen_at = now + _REOPEN_S
        self._tell(self._unit.port_lost(now))
