"""The ccTalk driver: one thread for one wire, turning bytes into events. All that is decided is decided by
the machines."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from drivers.cctalk.acceptor import Acceptor
from drivers.cctalk.codec import NEED_DATA, Frame, HostCodec
from drivers.cctalk.device import NEVER, Device
from drivers.cctalk.hopper import Hopper
from drivers.cctalk.settings import Bus, read_options
from drivers.transport.serial_port import SerialPort, open_serial
from kiosk.clock import SystemClock
from kiosk.errors import ContractError, DeviceTimeout, DeviceUnavailable, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ports import (
    Command,
    Dispense,
    Event,
    ReadHopper,
    ResolveDispense,
    SetAcceptance,
    StartAcceptor,
)

log = logging.getLogger(__name__)

Post = Callable[[Event], None]

_SILENCE_S = 0.05
"""A receiver starts anew after 50 ms without a byte (X6 p.12)."""
_SETTLE_MAX_S = 0.5
_REOPEN_S = 1.0
_LEAVE_S = 20.0
"""A payout in hand is seen to its end before the thread leaves, for at most this long."""
_COUNT_MAX = 255
_LOOK_UP_S = 1.0
"""How often a payout's time-out is looked at when nothing else is to be done."""


def create(device: DeviceId, options: Mapping[str, Any], post: Post) -> CcTalkDriver:
    """The factory of the registry. `device` names the bus; events carry the ids of the devices on it."""
    return CcTalkDriver(read_options(device, options), post)


class CcTalkDriver:
    """kiosk.ports.Driver for an acceptor and hoppers on one wire."""

    def __init__(self, bus: Bus, post: Post) -> None:
        self._bus = bus
        self._post = post
        self._acceptors = {bus.acceptor[0].device: Acceptor(*bus.acceptor)} if bus.acceptor else {}
        self._hoppers = {settings.device: Hopper(settings, hopper) for settings, hopper in bus.hoppers}
        # The acceptor first: where two are due at once, it must not wait.
        self._machines: list[Device] = [*self._acceptors.values(), *self._hoppers.values()]
        self._started: set[DeviceId] = set()
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._clock = SystemClock()
        self._codec = HostCodec(echo=bus.echo)
        self._port: SerialPort | None = None
        self._reopen_at = 0.0
        self._leave_by = NEVER
        # No daemon thread: a process that ends after `stop` waits here until the slot is shut and a payout is out.
        self._thread = threading.Thread(target=self._run, name="cctalk", daemon=False)

    # --- kiosk.ports.Driver, called from the core's thread
    # ----------------------------------------------------------

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return tuple(machine.device for machine in self._machines)

    def start(self) -> None:
        self._thread.start()

    def perform(self, command: Command) -> None:
        self._refuse_nonsense(command)
        self._commands.put(command)

    def stop(self) -> None:
        """Close the slot, see a payout in hand to its end, give the line back. Returns at once; `join`
        waits."""
        self._commands.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has left; False when it has not in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _refuse_nonsense(self, command: Command) -> None:
        match command:
            case StartAcceptor(device=device) if device in self._acceptors:
                self._started.add(device)
            case SetAcceptance(device=device) if device in self._started:
                pass
            case ReadHopper(device=device) | ResolveDispense(device=device) if device in self._hoppers:
                pass
            case Dispense(device=device, count=count) if device in self._hoppers and 0 < count <= _COUNT_MAX:
                pass
            case _:
                raise ContractError(f"cctalk: not a command for here and now: {type(command).__name__}")

    # --- the thread
    # -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._may_leave():
                self._turn()
        finally:
            if self._port is not None:
                self._port.close()

    def _turn(self) -> None:
        """Commands, then the machine that has waited longest; or sleep until one of the two is there."""
        now = self._clock.monotonic_s()
        self._ensure_port(now)
        machine = min(self._machines, key=lambda each: each.due())
        wake = machine.due() if self._port is not None else self._reopen_at
        for command in self._take_commands(max(0.0, wake - now)):
            self._perform(command)
        now = self._clock.monotonic_s()
        for hopper in self._hoppers.values():
            self._tell(hopper.tick(now))
        machine = min(self._machines, key=lambda each: each.due())
        if self._port is not None and machine.due() <= now:
            self._exchange(machine, self._port)

    def _take_commands(self, wait_s: float) -> list[Command | None]:
        """All that wait; else the first that comes within `wait_s` (a payout's time-out is looked at once a
        second)."""
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
            for machine in self._machines:
                self._tell(machine.close_down(now))
            return
        device = getattr(command, "device", None)
        machine = next(each for each in self._machines if each.device == device)
        self._tell(machine.perform(command, now))

    def _may_leave(self) -> bool:
        if self._leave_by == NEVER:
            return False
        if self._port is None or self._clock.monotonic_s() >= self._leave_by:
            return True
        return all(machine.is_safe for machine in self._machines)

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            self._post(event)

    # --- the wire
    # ---------------------------------------------------------------------------------------------------

    def _ensure_port(self, now: float) -> None:
        if self._port is not None or now < self._reopen_at:
            return
        self._reopen_at = now + _REOPEN_S
        try:
            self._port = open_serial(self._bus.port, baud=self._bus.baud)
        except DeviceUnavailable as error:
            log.debug("%s", error)
            for machine in self._machines:
                self._tell(machine.port_lost(now))

    def _exchange(self, machine: Device, port: SerialPort) -> None:
        request = machine.request(self._clock.monotonic_s())
        settings = machine.settings
        raw = self._codec.send(settings.address, request.header, request.data, settings.checksum)
        try:
            port.discard_input()
            port.write(raw)
            frame = self._receive(port)
        except (PeerProtocolError, DeviceTimeout):
            frame = None
        except DeviceUnavailable:
            self._lose_port(port)
            return
        if frame is not None:
            self._tell(machine.replied(frame, self._clock.monotonic_s()))
            return
        if self._settle(port):
            self._tell(machine.unanswered(self._clock.monotonic_s()))

    def _receive(self, port: SerialPort) -> Frame | None:
        """The reply; None when none came in time."""
        deadline = self._clock.monotonic_s() + self._bus.reply_timeout_s
        while True:
            frame = self._codec.next_frame()
            if frame is not NEED_DATA:
                return frame
            left = deadline - self._clock.monotonic_s()
            if left <= 0:
                return None
            self._codec.feed(port.read(left))

    def _settle(self, port: SerialPort) -> bool:
        """Wait for silence, so that a late answer is not taken for the next one. False: the port is lost."""
        deadline = self._clock.monotonic_s() + _SETTLE_MAX_S
        try:
            while port.read(_SILENCE_S) and self._clock.monotonic_s() < deadline:
                pass
        except DeviceUnavailable:
            self._lose_port(port)
            return False
        self._codec.idle()
        return True

    def _lose_port(self, port: SerialPort) -> None:
        port.close()
        self._port = None
        now = self._clock.monotonic_s()
        self._reopen_at = now + _REOPEN_S
        for machine in self._machines:
            self._tell(machine.port_lost(now))
