"""The ccTalk driver: an acceptor and hoppers on one wire, served by one thread (drivers/transport/line_thread.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.cctalk.acceptor import Acceptor
from drivers.cctalk.codec import NEED_DATA, Frame, HostCodec
from drivers.cctalk.device import Device
from drivers.cctalk.hopper import Hopper
from drivers.cctalk.settings import Bus, read_options
from drivers.transport.line_thread import LineSettings, LineThread, Post
from kiosk.errors import ContractError
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

_COUNT_MAX = 255


def create(device: DeviceId, options: Mapping[str, Any], post: Post) -> LineThread:
    """The factory of the registry. `device` names the bus; events carry the ids of the devices on it."""
    bus = read_options(device, options)
    line = LineSettings(bus.port, bus.baud, reply_timeout_s=bus.reply_timeout_s)
    return LineThread("cctalk", CcTalk(bus), line, post)


class CcTalk:
    """The machines of one bus, and its bytes. The one that has waited longest asks next."""

    def __init__(self, bus: Bus) -> None:
        self._acceptors = {bus.acceptor[0].device: Acceptor(*bus.acceptor)} if bus.acceptor else {}
        self._hoppers = {settings.device: Hopper(settings, hopper) for settings, hopper in bus.hoppers}
        # The acceptor first: where two are due at once, it must not wait.
        self._machines: list[Device] = [*self._acceptors.values(), *self._hoppers.values()]
        self._asking = self._machines[0]
        self._started: set[DeviceId] = set()
        self._codec = HostCodec(echo=bus.echo)

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return tuple(machine.device for machine in self._machines)

    def refuse_nonsense(self, command: Command) -> None:
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

    def _next(self) -> Device:
        return min(self._machines, key=Device.due)

    def due(self) -> float:
        return min([each.due() for each in self._machines])

    def tick(self, now: float) -> list[Event]:
        return [event for hopper in self._hoppers.values() for event in hopper.tick(now)]

    def perform(self, command: Command, now: float) -> list[Event]:
        device = getattr(command, "device", None)
        machine = next(each for each in self._machines if each.device == device)
        return machine.perform(command, now)

    def close_down(self, now: float) -> list[Event]:
        return [event for machine in self._machines for event in machine.close_down(now)]

    @property
    def is_safe(self) -> bool:
        return all(machine.is_safe for machine in self._machines)

    def port_lost(self, now: float) -> list[Event]:
        return [event for machine in self._machines for event in machine.port_lost(now)]

    def ask(self, now: float) -> tuple[bytes, bool]:
        self._asking = self._next()
        request, settings = self._asking.request(now), self._asking.settings
        return self._codec.send(settings.address, request.header, request.data, settings.checksum), True

    def feed(self, data: bytes) -> None:
        self._codec.feed(data)

    def next_frame(self) -> Frame | None:
        frame = self._codec.next_frame()
        return None if frame is NEED_DATA else frame

    def idle(self) -> None:
        self._codec.idle()

    def replied(self, frame: Frame, now: float) -> list[Event]:
        return self._asking.replied(frame, now)

    def unanswered(self, now: float) -> list[Event]:
        return self._asking.unanswered(now)

    @property
    def is_out_of_step(self) -> bool:
        """Never: every answer comes behind the echo of its own question, and names its sender."""
        return False
