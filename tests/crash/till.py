"""A kiosk of real processes for as many deaths as there are moments: the core with its own drivers on real lines, its
journal on a real disk, coin and note simulators that outlive it. No screen is drawn: who is served
reads the view socket (patron.py).

A core is born by a fork (nursery.py), and again at once when it has died. What is not money is played (beyond.py).
"""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, Self

from drivers.cctalk.sim.world import PAYOUT_TRAY, RETURN_TRAY
from drivers.cctalk.sim.world import World as CoinPieces
from drivers.id003.sim.unit import RECYCLED
from drivers.id003.sim.world import INSERTED, PULLED_OUT, RETURNED, TAKEN
from drivers.id003.sim.world import World as NotePieces
from drivers.simpanel.closing import pieces_there
from drivers.transport.control import request
from kiosk.errors import DeviceUnavailable, MadoguchiError
from kiosk.ipc.client import ViewClient
from kiosk.ipc.wire import ViewPublished
from kiosk.journal import reading
from kiosk.journal.ledger import EMPTY, Ledger, fold
from kiosk.journal.records import AnyRecord, DispenseIntended
from kiosk.view import SessionView
from tests.crash import till_files
from tests.crash.beyond import Beyond
from tests.crash.nursery import Life, Nursery
from tests.crash.till_files import COINS, NOTES
from tests.crash.truth import doubt, lost_or_gained, worth

SHIM = Path(__file__).with_name("kill_at_write.c")
TARGETS = ("tests.crash.beyond:core_main", "drivers.cctalk.sim:main", "drivers.id003.sim:main")
IMPORTED = ("drivers.cctalk.driver", "drivers.id003.driver", "serial", "systemd.daemon")


def shim(place: Path) -> Path:
    """The library that kills."""
    library = place / "kill.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SHIM), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return library


def nursery(place: Path) -> Nursery:
    return Nursery((*TARGETS, *IMPORTED), shim(place))


class Till:
    """One kiosk in a folder. As a context manager it ends with the block."""

    def __init__(self, place: Path, lives: Nursery) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self.place, self._lives = place, lives
        self.armed = place / "kill-at"
        self.seen = place / "kill-at.seen"
        self.deaths = 0
        self.ledger, self._at = EMPTY, 0
        self.records: list[AnyRecord] = []
        self._config = till_files.made(place)
        self._view: ViewClient | None = None
        self._latest: SessionView | None = None
        self._ends = ExitStack()
        self.core: Life | None = None

    def __enter__(self) -> Self:
        with self._ends:
            self.beyond = Beyond(self.place / "beyond.sock")
            self._ends.callback(self.beyond.close)
            self._simulator("cctalk", "--pieces", str(COINS), "--coin-ms", "20", "--timeout-ms", "300")
            self._simulator("id003", "--notes", str(NOTES), "--move-ms", "60", "--take-ms", "60")
            self._bear()
            self._ends.callback(self._end_core)
            self._ends = self._ends.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    # --- processes

    def _simulator(self, name: str, *words: str) -> None:
        folder = self.place / name
        folder.mkdir()
        common = ["--link", folder / "tty", "--state", folder / "pieces", "--control", folder / "control"]
        argv = [str(word) for word in (*common, *words)]
        life = self._lives.born(f"drivers.{name}.sim:main", argv, {}, self.place / f"{name}.log")
        self._ends.callback(life.kill)
        deadline = time.monotonic() + 60
        while not (folder / "control").exists():
            assert time.monotonic() < deadline and not life.has_ended(0.01), f"{name} does not start"

    def _bear(self) -> None:
        environment = {"KILL_AT": str(self.armed)}
        argv = [str(self.place / "beyond.sock"), *self._config]
        log = self.place / "core.log"
        self.core = self._lives.born("tests.crash.beyond:core_main", argv, environment, log)
        self._born_s = time.monotonic()

    def _end_core(self) -> None:
        if self._view is not None:
            self._view.close()
        if self.core is not None:
            self.core.kill(signal.SIGTERM)

    def reborn(self) -> bool:
        """True when the core had died, by SIGKILL and nothing else; the next one lives now."""
        if self.core is None or not self.core.has_ended():
            return False
        log = (self.place / "core.log").read_text(errors="replace")[-2000:]
        assert self.core.status == -signal.SIGKILL, f"the core ended with {self.core.status}: {log}"
        self.deaths += 1
        self._bear()
        return True

    # --- deaths

    def arm(self, *deaths: str) -> None:
        """Each line is the death of the next core (kill_at_write.c)."""
        self.seen.unlink(missing_ok=True)
        fresh = self.armed.with_suffix(".new")
        fresh.write_text("".join(f"{each}\n" for each in deaths))
        fresh.replace(self.armed)

    def disarm(self) -> list[str]:
        """The names of the moments that were met."""
        self.armed.unlink(missing_ok=True)
        return self.seen.read_text().split() if self.seen.exists() else []

    # --- what is shown

    def look(self, within_s: float = 0.05) -> SessionView | None:
        """The view that is shown now; None: there is no core to show one."""
        if self.reborn() or self._view is None:
            self._latest = None
            if self._view is not None:
                self._view.close()
            self._view = ViewClient(self.place / "view.sock")
            with suppress(DeviceUnavailable):
                self._view.connect()
        try:
            while True:
                message = self._view.receive(within_s)
                if message is None:
                    self._view.close()
                    self._view, self._latest = None, None
                    time.sleep(0.01)
                    return None
                if isinstance(message, ViewPublished):
                    self._latest = message.view
                within_s = 0.0
        except TimeoutError:
            return self._latest

    # --- truth

    def ask(self, simulator: str, verb: str, *words: str) -> dict[str, Any]:
        answer = request(self.place / simulator / "control", verb, *words)
        if not answer["ok"]:
            raise MadoguchiError(str(answer))
        return answer

    def read(self) -> Ledger:
        """The books, as any auditor could read them beside the living core."""
        with closing(reading.open_for_reading(self.place / "journal.db")) as connection:
            for seq, record in reading.records(connection, self._at):
                self.ledger, self._at = fold(self.ledger, seq, record), seq
                self.records.append(record)
        return self.ledger

    def wrong(self, within_s: float = 5.0) -> str:
        """Empty when nobody lost or gained one yen, to the piece; else what is wrong. Pieces may be on their way."""
        deadline = time.monotonic() + within_s
        while (found := self._differs()) and time.monotonic() < deadline:
            self.look(0.1)
        return found

    def _differs(self) -> str:
        ledger = self.read()
        truth = {name: self.ask(name, "state") for name in ("cctalk", "id003")}
        coins, notes = CoinPieces(None, (), 0), NotePieces(None, RECYCLED, 0)
        coins.places, notes.places = (truth[name]["places"] for name in truth)
        given = sum(worth(coins, tray) for tray in (PAYOUT_TRAY, RETURN_TRAY))
        given += sum(worth(notes, place) for place in (TAKEN, RETURNED, PULLED_OUT))
        if wrong := lost_or_gained(ledger, worth(coins, INSERTED) + worth(notes, INSERTED), given):
            return wrong
        intended = sum(isinstance(each, DispenseIntended) for each in self.records)
        carried_out = truth["cctalk"]["exchanges"].get("167", 0) + truth["id003"]["exchanges"].get("4A", 0)
        if carried_out > intended:
            return f"{carried_out} payouts carried out, {intended} intended"
        if len(ledger.open_transactions) > len(ledger.incidents):
            return f"open without an incident: {ledger.open_transactions}"
        if doubt(ledger) or ledger.notes or ledger.dispenses:
            return ""
        booked = {
            name: pieces
            for name, unit in ledger.units.items()
            if (pieces := {face.value: count for face, count in unit.count.items() if count})
        }
        there = {unit: faces for unit, faces in pieces_there(truth).items() if faces}
        return "" if booked == there else f"there is {there}, the books say {booked}"
