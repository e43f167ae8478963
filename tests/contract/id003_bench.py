"""The real driver against the simulated note recycler in a process of its own, over TCP or a pty."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from drivers.id003.driver import create
from drivers.transport.control import request
from drivers.transport.line_thread import LineThread
from kiosk.clock import SystemClock
from kiosk.ids import DeviceId, OpId
from kiosk.money import Denomination
from kiosk.ports import (
    AcceptanceSet,
    AcknowledgeCredit,
    AcknowledgePayout,
    DeviceFault,
    Dispense,
    DispenseEnded,
    Event,
    HopperRead,
    NoteCredited,
    NoteEscrowed,
    NotePaid,
    ResetNotePath,
    SetAcceptance,
    StackNote,
    StartNoteAcceptor,
)
from tests.ports import free_port

E = TypeVar("E", bound=Event)

NOTE1, BOX1, OP = DeviceId("note1"), DeviceId("recycler1000"), OpId("op")
NOTES = tuple(each for each in Denomination if each.is_note)
_SIM = "import sys; from drivers.id003.sim import main; sys.exit(main(sys.argv[1:]))"
_PATIENCE_S = 20.0


class Sim:
    """The device as a process. Its state outlives it."""

    def __init__(self, folder: Path, *argv: str, tcp: bool = True) -> None:
        self.folder = folder
        self._argv = argv
        self._tcp = str(free_port()) if tcp else ""
        self.address = f"socket://127.0.0.1:{self._tcp}" if tcp else str(folder / "tty")
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def port(self) -> int:
        return int(self._tcp)

    def start(self) -> None:
        line = ("--tcp", self._tcp) if self._tcp else ("--link", str(self.folder / "tty"))
        common = ("--state", str(self.folder / "state"), "--control", str(self.folder / "control"))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SIM, *line, *common, "--move-ms", "60", *self._argv],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def do(self, verb: str, *args: object) -> dict[str, Any]:
        answer = request(self.folder / "control", verb, *(str(each) for each in args))
        assert answer.pop("ok"), answer
        return answer

    def at(self, place: str) -> int:
        return sum(self.do("state")["places"].get(place, {}).values())

    def died(self) -> None:
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
    """What the daemon does with a driver. `is_prompt`: all is durable at once."""

    def __init__(
        self, sim: Sim, op: str = "", *, is_credited: bool = False, is_prompt: bool = True, **options: Any
    ) -> None:
        self.inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.seen: list[Event] = []
        self.is_prompt = is_prompt
        table: dict[str, Any] = {
            "port": sim.address,
            "reply_timeout_s": 0.1,
            "acceptor": {"id": NOTE1, "retry_s": 0.2, "poll_s": 0.05},
            "boxes": [{"id": BOX1, "box": 1, "denomination": "note1000"}],
            **options,
        }
        self.driver: LineThread = create(DeviceId("notes"), table, self.inbox.put)
        self.driver.start()
        denomination = Denomination.NOTE1000 if op else None
        self.driver.perform(StartNoteAcceptor(NOTE1, OpId(op), denomination, is_credited))

    def wait(self, kind: type[E]) -> E:
        """The next event of that kind, from now on."""
        clock = SystemClock()
        deadline = clock.monotonic_s() + _PATIENCE_S
        while True:
            try:
                event = self.inbox.get(timeout=max(0.0, deadline - clock.monotonic_s()))
            except queue.Empty:
                raise AssertionError(f"no {kind.__name__}: {self.seen[-8:]}") from None
            self.seen.append(event)
            if self.is_prompt and isinstance(event, NoteCredited):
                self.driver.perform(AcknowledgeCredit(event.op, NOTE1))
            if self.is_prompt and isinstance(event, NotePaid):
                self.driver.perform(AcknowledgePayout(event.op, BOX1, event.paid))
            if isinstance(event, kind):
                return event

    def all(self, kind: type[E]) -> list[E]:
        while not self.inbox.empty():
            self.seen.append(self.inbox.get())
        return [event for event in self.seen if isinstance(event, kind)]

    def ready(self) -> HopperRead:
        """It comes from a power cut: reset it when it has been read."""
        read = self.wait(HopperRead)
        while not self.wait(DeviceFault).code.startswith("powered-up"):
            pass
        self.driver.perform(ResetNotePath(NOTE1))
        self.wait(AcceptanceSet)
        return read

    def open(self, *faces: Denomination) -> None:
        self.driver.perform(SetAcceptance(NOTE1, faces or NOTES))
        while not self.wait(AcceptanceSet).denominations:
            pass

    def escrow(self, sim: Sim, note: str = "1000", series: str = "new") -> NoteEscrowed:
        while not sim.do("insert-note", note, series)["drawn_in"]:
            threading.Event().wait(0.02)  # the last note is still moving
        return self.wait(NoteEscrowed)

    def stack(self, sim: Sim, note: str = "1000", series: str = "new", op: str = OP) -> NoteEscrowed:
        found = self.escrow(sim, note, series)
        self.driver.perform(StackNote(OpId(op), NOTE1))
        return found

    def pay(self, count: int, op: str = OP) -> None:
        self.driver.perform(Dispense(OpId(op), BOX1, count))

    def pay_in_the_end(self, count: int) -> DispenseEnded:
        """As the engine does: a new operation when the last was refused for a passing cause of the line."""
        for tries in range(5):
            self.pay(count, f"out{tries}")
            ended = self.wait(DispenseEnded)
            if ended.code not in ("away", "busy", "stale-evidence", "no-answer"):
                return ended
            self.wait(AcceptanceSet)  # it is here again
        raise AssertionError(f"never ready: {self.seen[-8:]}")

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
from kiosk.ids import DeviceId, OpId
from kiosk import ports
from drivers.id003.driver import create
from kiosk.money import Denomination

note, box, op = DeviceId("note1"), DeviceId("recycler1000"), OpId("op")
inbox = queue.SimpleQueue()
driver = create(DeviceId("notes"), {
    "port": sys.argv[1], "acceptor": {"id": "note1", "poll_s": 0.05},
    "boxes": [{"id": "recycler1000", "box": 1, "denomination": "note1000"}],
}, inbox.put)
driver.start()
driver.perform(ports.StartNoteAcceptor(note))
def until(kind):
    while not isinstance(event := inbox.get(), kind):
        pass
    return event
until(ports.DeviceFault)
driver.perform(ports.ResetNotePath(note))
until(ports.AcceptanceSet)
if sys.argv[2] == "pay":
    driver.perform(ports.Dispense(op, box, 2))
    until(ports.NotePaid)
else:
    driver.perform(ports.SetAcceptance(note, (Denomination.NOTE1000,)))
    while not until(ports.AcceptanceSet).denominations:
        pass
    print("open", flush=True)
    until(ports.NoteEscrowed)
    driver.perform(ports.StackNote(op, note))
    until(ports.NoteCredited)
print("told", flush=True)
threading.Event().wait()
"""


class DoomedCore:
    """A core that is killed with SIGKILL when it was told of a credit or a payment and had written nothing."""

    def __init__(self, sim: Sim, what: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _DOOMED, sim.address, what], stdout=subprocess.PIPE, text=True
        )

    def says(self, word: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"{word}\n"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(_PATIENCE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
