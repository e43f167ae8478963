"""A core in this process with a real journal and a real staff socket; `kiosk-cash` runs beside it, as its own user."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk import ports
from kiosk.cash_office import Office, refused
from kiosk.config import Config, load
from kiosk.engine.inner import AnswerStaff, StaffAsked, StaffSlipAsked
from kiosk.enrolment.keys import FileKey
from kiosk.errors import JournalError
from kiosk.intents import AnyStaffIntent
from kiosk.ipc.staff import StaffServer
from kiosk.ipc.staff_wire import Answer, Read
from kiosk.journal.checkpoint import FileVerifier, seal
from kiosk.journal.records import AnyRecord
from kiosk.journal.store import Store, open_store
from kiosk.treasury.acts import Staff
from kiosk.treasury.refusals import RefusedError
from kiosk.treasury.told import told_of
from tests.engine.world import World

ROOT = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0
USERS = {"officer1": 47101, "tech1": 47102, "treasurer1": 47103, "nobody1": 47104}
"""Uids that no account has: the socket knows people by number."""


class DiskJournal:
    """The store, and the list that a World reads."""

    def __init__(self, store: Store, records: list[AnyRecord]) -> None:
        self._store = store
        self._records = records

    def append(self, records: list[AnyRecord]) -> list[int]:
        found = self._store.append(records)
        self._records.extend(each for each, seq in zip(records, found, strict=True) if seq)
        return found

    def reserve(self) -> None:
        self._store.reserve()

    @property
    def head(self) -> tuple[int, str]:
        return self._store.head


class Bench:
    """`start()` is systemctl start, `stop()` systemctl stop."""

    def __init__(self, place: Path, files: tuple[Path, ...]) -> None:
        self.place = place
        self.files = files
        self.config: Config = load(files)
        self.socket = place / "staff.sock"
        self.world: World | None = None
        self.printed: list[ports.Slip] = []
        self._store: Store | None = None
        self._server: StaffServer[Staff] | None = None
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._loop: threading.Thread | None = None

    def start(self) -> None:
        self._loop = threading.Thread(target=self._run, daemon=True)
        self._loop.start()
        self.do(lambda _: self._open())
        self._server.start()
        if IS_ROOT:
            self.socket.chmod(0o666)

    def _open(self) -> None:
        """In the loop's thread: the store is used from one thread."""
        keys = (self.config.issuance.certificate,)
        world = World([])
        self._store = open_store(
            self.config.paths.journal,
            clock=world.clock,
            boot="bench",
            verify=FileVerifier(*keys),
            room_bytes=1,
        )
        records: list[AnyRecord] = [record for _, record in self._store.records()]
        world = self.world = World(records, world.physics)
        journal = DiskJournal(self._store, records)
        world.loop._journal = journal
        signer = FileKey(self.config.issuance.key)
        world.loop._seal = lambda ledger, head: seal(ledger, head, signer)
        world.loop.set_staff_desk(self._answer)
        world.boot()
        for hopper in world.setup.hoppers:
            unit = world.ledger.units.get(hopper.device)
            if unit is not None:
                world.physics.units[hopper.device] = unit.count[hopper.denomination]
        people = {
            uid if IS_ROOT else os.geteuid(): Staff(each.id, each.role)
            for each in self.config.staff
            if (uid := USERS.get(each.id)) is not None
        }
        self._server = StaffServer(self.socket, people, self._ask, self._paper)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self.do(lambda _: self._store.close())
            self._work.put(None)
            self._loop.join()
            self._server = self.world = None

    def do(self, what: Callable[[World], Any]) -> None:
        """In the loop's thread; returns when it is done."""
        done = threading.Event()

        def act() -> None:
            try:
                what(self.world)
            finally:
                done.set()

        self._work.put(act)
        assert done.wait(20)

    def _run(self) -> None:
        while (act := self._work.get()) is not None:
            act()
            self._collect_slips()

    def _collect_slips(self) -> None:
        if self.world is None:
            return
        found = [each.slip for each in self.world.commands if isinstance(each, ports.PrintSlip)]
        self.printed = [each for each in found if each.kind in ("exchange", "day")]

    def _ask(self, request: int, staff: Staff, intent: AnyStaffIntent) -> None:
        self._work.put(lambda: self.world.event(StaffAsked(request, staff, intent)))

    def _answer(self, command: AnswerStaff) -> None:
        no = command.refusal
        told = told_of(command.records) if no is None else (no.ja, no.en)
        self._server.answer(command.request, Answer(no.code if no else "", *told))

    def _paper(self, _: Staff, ask: Read) -> Answer:
        try:
            text, slip = Office(self.config).made(ask)
        except RefusedError as error:
            return refused(error)
        except JournalError as error:
            return Answer("journal", str(error), str(error))
        if ask.is_printed and slip is not None:
            self._work.put(lambda: self.world.event(StaffSlipAsked(slip)))
        return Answer("", text=text)

    def cash(self, *words: str, as_: str = "officer1", cwd: Path | None = None) -> tuple[int, str, str]:
        """`kiosk-cash …` in a process of its own, under that person's uid."""
        as_user: dict[str, Any] = {"user": USERS[as_], "group": 65533}
        to = () if "--config" in words else ("--socket", str(self.socket))
        done = subprocess.run(
            [sys.executable, "-m", "kiosk.cash_cli", *words, *to],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=cwd or self.place,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            **(as_user if IS_ROOT and "--config" not in words else {}),
        )
        return done.returncode, done.stdout, done.stderr
