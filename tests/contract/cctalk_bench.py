"""The real driver against the simulated bus in a process of its own, over a pty or TCP."""

from __future__ import annotations

import queue
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from drivers.cctalk.driver import create
from drivers.transport.control import request
from drivers.transport.line_thread import LineThread
from kiosk.clock import SystemClock
from kiosk.ids import DeviceId, OpId
from kiosk.money import Denomination
from kiosk.ports import (
    AcceptanceSet,
    CreditMark,
    Dispense,
    DispenseEnded,
    Event,
    HopperRead,
    ResolveDispense,
    SetAcceptance,
    StartAcceptor,
)
from tests.ports import free_port

E = TypeVar("E", bound=Event)

COIN1 = DeviceId("coin1")
FACES = (10, 50, 100, 500)
COINS = tuple(Denomination(f"coin{face}") for face in FACES)
_SIM = "import sys; from drivers.cctalk.sim import main; sys.exit(main(sys.argv[1:]))"
_PATIENCE_S = 20.0


class Sim:
    """The bus as a process. Its state outlives it."""

    def __init__(self, folder: Path, *argv: str, tcp: bool = False) -> None:
        self.folder = folder
        self._argv = argv
        self._tcp = str(free_port()) if tcp else ""
        self.address = f"socket://127.0.0.1:{self._tcp}" if tcp else str(folder / "tty")
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        line = ("--tcp", self._tcp) if self._tcp else ("--link", str(self.folder / "tty"))
        common = ("--state", str(self.folder / "state"), "--control", str(self.folder / "control"))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SIM, *line, *common, *self._argv], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def do(self, verb: str, *args: object) -> dict[str, Any]:
        answer = request(self.folder / "control", verb, *(str(each) for each in args))
        assert answer.pop("ok"), answer
        return answer

    def out(self) -> int:
        """Pieces that fell into the payout tray."""
        return sum(self.do("state")["places"].get("payout-tray", {}).values())

    def died(self) -> None:
        """Wait until it is gone."""
        assert self._process is not None
        self._process.wait(_PATIENCE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self.died()
            self._process = None


class Core:
    """What the daemon does with a driver: posts go to an inbox."""

    def __init__(self, sim: Sim, mark: CreditMark | None = None, **options: Any) -> None:
        self.inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.seen: list[Event] = []
        hopper = options.pop("hopper", {})
        acceptor = options.pop("acceptor", {})
        table: dict[str, Any] = {
            "port": sim.address,
            "reply_timeout_s": 0.1,
            "acceptor": {"id": "coin1", "address": 2, "retry_s": 0.2, **acceptor},
            "hoppers": [
                {
                    "id": f"hopper{face}",
                    "address": 3 + at,
                    "denomination": f"coin{face}",
                    "retry_s": 0.2,
                    **hopper,
                }
                for at, face in enumerate(FACES)
            ],
            **options,
        }
        self.driver: LineThread = create(DeviceId("cash"), table, self.inbox.put)
        self.driver.start()
        self.driver.perform(StartAcceptor(COIN1, mark))

    def wait(self, kind: type[E], device: str = "") -> E:
        """The next event of that kind (of that device), from now on."""
        clock = SystemClock()
        deadline = clock.monotonic_s() + _PATIENCE_S
        while True:
            try:
                event = self.inbox.get(timeout=max(0.0, deadline - clock.monotonic_s()))
            except queue.Empty:
                raise AssertionError(f"no {kind.__name__} {device}: {self.seen[-8:]}") from None
            self.seen.append(event)
            if isinstance(event, kind) and device in ("", getattr(event, "device", "")):
                return event

    def all(self, kind: type[E]) -> list[E]:
        while not self.inbox.empty():
            self.seen.append(self.inbox.get())
        return [event for event in self.seen if isinstance(event, kind)]

    def ready(self) -> dict[str, HopperRead]:
        """All devices have come; what the hoppers said."""
        closed = False
        reads: dict[str, HopperRead] = {}
        while len(reads) < len(FACES) or not closed:
            event = self.wait(Event)
            closed = closed or isinstance(event, AcceptanceSet)
            if isinstance(event, HopperRead):
                reads[event.device] = event
        return reads

    def open(self, *faces: Denomination) -> None:
        self.driver.perform(SetAcceptance(COIN1, faces or COINS))
        while not self.wait(AcceptanceSet).denominations:
            pass

    def dispense(self, face: int, count: int, op: str = "op") -> None:
        self.driver.perform(Dispense(OpId(op), DeviceId(f"hopper{face}"), count))

    def ended(self) -> DispenseEnded:
        return self.wait(DispenseEnded)

    def resolve(self, asked: int, read: HopperRead, op: str = "op") -> DispenseEnded:
        self.driver.perform(
            ResolveDispense(OpId(op), read.device, asked, read.event_counter, read.lifetime, read.serial)
        )
        return self.ended()

    def stop(self) -> None:
        self.driver.stop()
        assert self.driver.join(_PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


_DOOMED = """
import queue, sys, threading
from drivers.cctalk.driver import create
from kiosk.ids import DeviceId, OpId
from kiosk.money import Denomination
from kiosk.ports import Dispense, DispenseEnded, DispenseProgressed, HopperRead, SetAcceptance, StartAcceptor

inbox = queue.SimpleQueue()
driver = create(DeviceId("cash"), {
    "port": sys.argv[1],
    "acceptor": {"id": "coin1", "address": 2},
    "hoppers": [{"id": "hopper100", "address": 5, "denomination": "coin100"}],
}, inbox.put)
driver.start()
driver.perform(StartAcceptor(DeviceId("coin1"), None))
while not isinstance(inbox.get(), HopperRead):
    pass
if sys.argv[2] != "dispense":
    driver.perform(SetAcceptance(DeviceId("coin1"), (Denomination.COIN100,)))
if sys.argv[2] != "accept":
    driver.perform(Dispense(OpId("op"), DeviceId("hopper100"), 5))
if sys.argv[2] == "leave":
    while not isinstance(inbox.get(), DispenseProgressed | DispenseEnded):
        pass
    driver.stop()
print("on the way", flush=True)
if sys.argv[2] != "leave":
    threading.Event().wait()
"""


class DoomedCore:
    """A core that begins something (`dispense`, `accept`) to be killed, or both and leaves in order (`leave`)."""

    def __init__(self, sim: Sim, what: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _DOOMED, sim.address, what], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "on the way\n"

    def kill(self) -> None:
        self._process.kill()
        self.ended()

    def ended(self) -> None:
        """Wait until it is gone."""
        self._process.wait(_PATIENCE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
