"""A table-top ccTalk bus for pure tests: machines and simulated devices, a virtual clock, and a hand on the
wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from drivers.cctalk.acceptor import Acceptor, AcceptorSettings
from drivers.cctalk.codec import Frame
from drivers.cctalk.device import Device, Settings
from drivers.cctalk.hopper import Hopper, HopperSettings
from drivers.cctalk.sim.acceptor import SimAcceptor
from drivers.cctalk.sim.hopper import Mechanics, SimHopper
from drivers.cctalk.sim.slave import Slave
from drivers.cctalk.sim.world import World
from kiosk.ids import DeviceId
from kiosk.money import Denomination
from kiosk.ports import Event

E = TypeVar("E", bound=Event)

COIN1 = DeviceId("coin1")
HOPPERS = {"hopper10": "JP010A", "hopper100": "JP100A"}
UNITS = {1: DeviceId("cashbox"), 2: DeviceId("hopper10"), 3: DeviceId("hopper100")}
SERIAL = 4711

HEARD, UNHEARD, UNANSWERED = "heard", "unheard", "unanswered"
"""What can befall one exchange: all well; the device never got it; it did it and the answer is lost."""


class RamWorld(World):
    """The simulator's truth without a disk."""

    def __init__(self, pieces: int = 50) -> None:
        super().__init__(None, HOPPERS.items(), pieces)


class Table:
    """Machines on one side, devices on the other, one exchange at a time."""

    def __init__(self, fate: Callable[[int], str] = lambda _header: HEARD) -> None:
        self.now = 1000.0
        self.fate = fate
        self.machines: list[Device] = []
        self.slaves: dict[int, Slave] = {}
        self.events: list[Event] = []
        self.sent: list[tuple[int, int]] = []
        """(address, header) of every request, heard or not."""

    def say(self, events: Iterable[Event]) -> None:
        self.events.extend(events)

    def perform(self, machine: Device, command: Any) -> None:
        self.say(machine.perform(command, self.now))

    def exchange(self) -> None:
        """The most urgent question of all machines, at the moment it is due."""
        machine = min(self.machines, key=lambda each: each.due())
        self.now = max(self.now + 0.001, machine.due())
        for slave in self.slaves.values():
            slave.advance(self.now)
        for each in self.machines:
            if isinstance(each, Hopper):
                self.say(each.tick(self.now))
        request = machine.request(self.now)
        address = machine.settings.address
        self.sent.append((address, request.header))
        fate = self.fate(request.header)
        asked = self.slaves.get(address)
        answer = None
        if asked is not None and fate != UNHEARD:
            answer = asked.handle(request.header, request.data, self.now)
        if answer is None or fate != HEARD:
            self.now += 0.25
            self.say(machine.unanswered(self.now))
            return
        self.now += 0.005
        self.say(machine.replied(Frame(1, address, answer.header, answer.data), self.now))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.exchange()

    def run_until(self, kind: type[E], *, at_most_s: float = 200.0) -> E:
        """Go on until the next event of that kind; it is returned."""
        seen = len(self.events)
        end = self.now + at_most_s
        while self.now < end:
            self.exchange()
            for event in self.events[seen:]:
                if isinstance(event, kind):
                    return event
            seen = len(self.events)
        raise AssertionError(f"no {kind.__name__}; {self.events[-5:]}")

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


def acceptor(serial: str = "") -> Acceptor:
    return Acceptor(Settings(COIN1, 2, serial=serial), AcceptorSettings(UNITS))


def sim_acceptor(world: World, serial: int = SERIAL) -> SimAcceptor:
    return SimAcceptor(2, serial, world, HOPPERS)


def hopper(*, is_ciphered: bool = False) -> Hopper:
    settings = HopperSettings(Denomination.COIN100, bytes if is_ciphered else None)
    return Hopper(Settings(DeviceId("hopper100"), 5), settings)


def sim_hopper(world: World, security: str = "either", serial: int = SERIAL) -> SimHopper:
    return SimHopper("hopper100", 5, serial, world, "JP100A", Mechanics(0.06, 0.6, security))
