"""Two change machines for one contract: coin and note unit composed (in one process, on a clock of its own), and the
example of a vendor's closed machine (a process at the end of TCP)."""

from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from drivers.cctalk.driver import CcTalk
from drivers.cctalk.sim.world import PAYOUT_TRAY, RETURN_TRAY
from drivers.changer.driver import create
from drivers.id003.driver import Id003
from drivers.id003.sim.world import RETURNED, TAKEN
from drivers.transport.control import request
from drivers.transport.line_thread import LineSettings, LineThread
from kiosk.changer_units import UnitChanger, Units
from kiosk.clock import SystemClock
from kiosk.ids import DeviceId
from kiosk.money import Cash, Denomination
from kiosk.ports import ChangerStatus, Command, Event
from tests.crash.room import CCTALK, HOPPERS, ID003, NOTES_IN_BOX, PIECES, Hardware
from tests.ports import free_port

E = TypeVar("E", bound=Event)
CHANGER = DeviceId("changer1")
PATIENCE_S = 20.0
D = Denomination


class Bench(Protocol):
    """What the contract does to a machine, with hands and with commands."""

    def perform(self, command: Command) -> None: ...

    def until(self, kind: type[E]) -> E:
        """The next event of that kind."""

    def put(self, face: Denomination) -> bool:
        """A piece; False: it came back."""

    def held(self) -> int:
        """Yen that truly are in the machine."""

    def jam(self) -> None: ...

    def miscount(self) -> None:
        """It knows, or its units know, that a count is not so."""

    def lose_answer_to_payout(self) -> None: ...

    def payouts(self) -> int:
        """How many payout commands were carried out."""

    def close(self) -> None: ...


def _yen(pieces: dict[str, int]) -> int:
    return sum(Denomination(face).face.value * count for face, count in pieces.items())


class UnitBench:
    """kiosk/changer_units.py over the production drivers and the simulated units."""

    def __init__(self) -> None:
        self.hardware = Hardware()
        faces = {DeviceId(name): Denomination(f"coin{name[6:]}") for name in HOPPERS}
        hoppers = {**faces, DeviceId("recycler1000"): D.NOTE1000}
        counts = {each: Cash({face: PIECES}) for each, face in faces.items()}
        counts[DeviceId("recycler1000")] = Cash({D.NOTE1000: NOTES_IN_BOX})
        self.changer = UnitChanger(CHANGER, Units(DeviceId("coin1"), DeviceId("note1"), hoppers, counts))
        self.events: list[Event] = []
        self.inbox: list[Event] = []
        self.lines = [
            self._line(self.hardware.coin_line.pair, "cctalk", CcTalk(CCTALK)),
            self._line(self.hardware.note_line.pair, "id003", Id003(ID003.unit)),
        ]
        self._live(5.0)
        self.events.clear()

    def _line(self, pair: Any, name: str, talk: Any) -> LineThread:
        settings = LineSettings("m", reply_timeout_s=0.3)
        return LineThread(
            name, talk, settings, self.inbox.append, clock=self.hardware.clock, open_port=pair.open
        )

    def _live(self, seconds: float, is_over: Callable[[], bool] = lambda: False) -> None:
        clock, end = self.hardware.clock, self.hardware.clock.now_s + seconds
        while clock.now_s < end and not is_over():
            line = min(self.lines, key=lambda each: each.wake_at)
            clock.now_s = max(clock.now_s, min(line.wake_at, end))
            line.step()
            while self.inbox:
                said = self.changer.hear(self.inbox.pop(0))
                self.events += said.events
                self._send(said.commands)

    def _send(self, commands: list[Command]) -> None:
        for command in commands:
            device = getattr(command, "device", None)
            next(line for line in self.lines if device in line.devices).perform(command)

    def perform(self, command: Command) -> None:
        said = self.changer.perform(command)
        self.events += said.events
        self._send(said.commands)

    def until(self, kind: type[E]) -> E:
        self._live(60.0, lambda: any(isinstance(each, kind) for each in self.events))
        for at, event in enumerate(self.events):
            if isinstance(event, kind):
                del self.events[: at + 1]
                return event
        raise AssertionError(f"no {kind.__name__}")

    def put(self, face: Denomination) -> bool:
        now = self.hardware.clock.now_s
        if face.is_note:
            is_in = self.hardware.unit.insert(f"N{face.face.value}F", now)
            self._live(2.0)
            return is_in
        kind = {10: "JP010A", 50: "JP050A", 100: "JP100A", 500: "JP500C"}[face.face.value]
        is_in = self.hardware.acceptor.insert(kind, now) != RETURN_TRAY
        self._live(1.0)
        return is_in

    def held(self) -> int:
        coins, notes = self.hardware.coins, self.hardware.notes
        inside = sum(_yen(coins.by_face(place)) for place in (*HOPPERS, "cashbox"))
        return inside + sum(_yen(notes.by_face(place)) for place in ("recycler1000", "cashbox"))

    def in_hand(self) -> int:
        coins, notes = self.hardware.coins, self.hardware.notes
        return sum(_yen(coins.by_face(place)) for place in (PAYOUT_TRAY, RETURN_TRAY)) + sum(
            _yen(notes.by_face(place)) for place in (TAKEN, RETURNED)
        )

    def jam(self) -> None:
        for hopper in self.hardware.hoppers:
            hopper.jam = "motor"
        self._live(1.0)

    def miscount(self) -> None:
        self.hardware.notes.remember(count=NOTES_IN_BOX - 3)
        self.hardware.unit.power_up(self.hardware.clock.now_s)
        self._live(5.0)

    def lose_answer_to_payout(self) -> None:
        self.hardware.coin_line.wire.add_fault("drop", 1, 167, 0.0)

    def payouts(self) -> int:
        return self.hardware.dispensed()

    def close(self) -> None: ...


class VendorBench:
    """drivers/changer against `kiosk-sim changer` on TCP."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.control = folder / "control"
        run = "import sys; from drivers.changer.sim import main; sys.exit(main(sys.argv[1:]))"
        words = ["--tcp", str(self.port), "--state", str(folder / "state"), "--control", str(self.control)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", run, *words, "--piece-ms", "5"], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        self.inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.table = {"port": f"socket://127.0.0.1:{self.port}", "poll_s": 0.02, "reply_timeout_s": 0.3}
        self.driver = create(CHANGER, self.table, self.inbox.put)
        self.driver.start()
        self.until(ChangerStatus)

    def do(self, verb: str, *args: str) -> dict[str, Any]:
        answer = request(self.control, verb, *args)
        assert answer.pop("ok"), answer
        return answer

    def perform(self, command: Command) -> None:
        self.driver.perform(command)

    def until(self, kind: type[E]) -> E:
        clock = SystemClock()
        deadline = clock.monotonic_s() + PATIENCE_S
        while True:
            try:
                event = self.inbox.get(timeout=max(0.0, deadline - clock.monotonic_s()))
            except queue.Empty:
                raise AssertionError(f"no {kind.__name__}") from None
            if isinstance(event, kind):
                return event

    def put(self, face: Denomination) -> bool:
        return bool(self.do("insert", face.value)["accepted"])

    def held(self) -> int:
        places = self.do("state")["places"]
        return _yen(places.get("stock", {})) + _yen(places.get("escrow", {}))

    def jam(self) -> None:
        self.do("jam")

    def miscount(self) -> None:
        self.do("miscount")

    def lose_answer_to_payout(self) -> None:
        self.do("fault", "drop", "1", "pay")

    def payouts(self) -> int:
        return int(self.do("state")["exchanges"].get("pay", 0))

    def close(self) -> None:
        self.driver.stop()
        assert self.driver.join(PATIENCE_S)
        self.end()

    def end(self) -> None:
        """The machine itself."""
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
