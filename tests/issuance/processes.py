"""A campaign with real processes: `issuance-server run --workers`, kiosks' real clients over TLS, PostgreSQL; workers
are killed and the database crashes in the middle."""

from __future__ import annotations

import hashlib
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2

from issuance import folder
from issuance.clock import SystemClock
from issuance.register import FileRegister, Resident
from kiosk import issuance_client
from kiosk.binding import _pdfium
from kiosk.ids import DeviceId, LineId, TransactionId
from kiosk.ports import (
    AbandonTransaction,
    Authenticate,
    Authenticated,
    ChallengeIssued,
    Command,
    Commit,
    Committed,
    DeviceArrived,
    DeviceLost,
    Event,
    Order,
    Prepare,
    Prepared,
    PrintedAcknowledged,
    ReadIssuance,
    ReportPrinted,
    RequestChallenge,
)
from tests.issuance.desk_of import bound
from tests.issuance.people import Card, token
from tests.ports import free_port

WAIT_S = 60.0


class Workers:
    """`issuance-server run --workers N`, and its children by their numbers."""

    def __init__(self, path: Path, count: int) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "issuance.main", "run", "--dir", str(path)]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), "--workers", str(count)],
            cwd=folder.HERE.parent,
            stderr=subprocess.DEVNULL,
        )

    def children(self) -> list[int]:
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(each) for each in text.split()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)


@dataclass
class Count:
    """What came out, and what went wrong on the way."""

    papers: int = 0
    failures: int = 0
    wrong: list[str] = field(default_factory=list)
    serials: set[str] = field(default_factory=set)
    kills: int = 0
    crashes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client:
    """One kiosk's real client, and residents who come one after the other."""

    def __init__(self, files: Path, name: str, port: int, count: Count, seed: int) -> None:
        self.name = name
        self._events: queue.Queue[Event] = queue.Queue()
        self._count = count
        self._dice = random.Random(seed)
        options = {
            "url": f"https://localhost:{port}",
            "kiosk": name,
            "key": str(files / "device.key"),
            "certificate": str(files / "device.pem"),
            "ca": str(files / "server-ca.pem"),
            "manifest_key": str(files / "manifest-key.pem"),
            "version": "0.1.0",
        }
        self._driver = issuance_client.create(DeviceId("issuance"), options, self._events.put)
        self._driver.start()

    def ask(self, command: Command) -> Event:
        self._driver.perform(command)
        while isinstance(event := self._events.get(timeout=WAIT_S), DeviceArrived | DeviceLost):
            pass
        return event

    def stop(self) -> None:
        self._driver.stop()

    def visit(self, person: Resident, card: Card) -> None:
        """To the paper, or to the first thing that fails."""
        transaction = TransactionId(token())
        if not self._visit(transaction, person, card):
            with self._count.lock:
                self._count.failures += 1
            self._driver.perform(AbandonTransaction(transaction))
            self.ask(ReadIssuance())  # as the core does, and so a server that came up hears who this is

    def _visit(self, transaction: TransactionId, person: Resident, card: Card) -> bool:
        issued = self.ask(RequestChallenge(transaction))
        if not isinstance(issued, ChallengeIssued):
            return False
        signature = card.sign(bound(issued.challenge, self.name, transaction, ()))
        if not isinstance(self.ask(Authenticate(transaction, card.der, signature)), Authenticated):
            return False
        order = Order(LineId(token()), "juminhyo", (("whom", self._dice.choice(("self", "household"))),))
        fingerprint = hashlib.sha256(card.der).hexdigest()
        prepared = self.ask(Prepare(transaction, order, fingerprint))
        if not isinstance(prepared, Prepared) or not _is_ours(prepared, transaction, order.line, fingerprint):
            return False
        document = prepared.document
        commit = Commit(transaction, order.line, document.serial)
        if not any(isinstance(self.ask(commit), Committed) for _ in range(10)):
            return False
        self._look(document, person)
        report = ReportPrinted(transaction, order.line, document.serial, document.pages)
        return any(isinstance(self.ask(report), PrintedAcknowledged) for _ in range(20))

    def _look(self, document: Any, person: Resident) -> None:
        with _pdfium:
            pdf = pypdfium2.PdfDocument(document.pdf)
            text = "".join("".join(page.get_textpage().get_text_range().split()) for page in pdf)
            pdf.close()
        with self._count.lock:
            self._count.papers += 1
            if "氏名" + "".join(person.name.split()) not in text or self.name not in text:
                self._count.wrong.append(f"{self.name} {document.serial}")
            if document.serial in self._count.serials:
                self._count.wrong.append(f"{document.serial} twice")
            self._count.serials.add(document.serial)


def _is_ours(prepared: Prepared, transaction: TransactionId, line: LineId, fingerprint: str) -> bool:
    """As the engine compares (kiosk/engine/preparing.py: mismatches)."""
    found = prepared.evidence
    return (
        found.signature_ok
        and found.sha256_ok
        and found.serial_in_text
        and found.transaction_in_metadata
        and (found.transaction, found.line, found.card_fingerprint) == (transaction, line, fingerprint)
    )


def campaign(
    path: Path, cards: dict[str, Card], cluster: Any, *, kiosks: int, papers: int, seed: int
) -> Count:
    """Until so many papers are out: a worker is killed after every tenth, the database crashes after every fiftieth."""
    count, dice = Count(), random.Random(seed)
    names = [f"kiosk-{number}" for number in range(kiosks)]
    for name in names:
        folder.enrol(path, kiosk=name, out=path / name, clock=SystemClock())
    register = FileRegister(folder.SPECIMEN)
    people = [each for each in register if each.id in cards and each.lives_here]
    server = Workers(path, 2)
    clients = [Client(path / name, name, server.port, count, seed + at) for at, name in enumerate(names)]
    done = threading.Event()

    def live(client: Client, mine: random.Random) -> None:
        while not done.is_set():
            person = mine.choice(people)
            client.visit(person, cards[person.id])

    threads = [
        threading.Thread(target=live, args=(client, random.Random(seed * 1000 + at)), daemon=True)
        for at, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + max(10 * WAIT_S, 10.0 * papers)
    next_kill, next_crash = 10, 25
    while count.papers < papers and time.monotonic() < deadline:
        done.wait(0.05)
        children = server.children()
        if count.papers >= next_kill and len(children) == 2:
            os.kill(dice.choice(children), signal.SIGKILL)
            count.kills += 1
            next_kill = count.papers + 10
        if count.papers >= next_crash:
            cluster.restart()
            count.crashes += 1
            next_crash = count.papers + 50
    done.set()
    for thread in threads:
        thread.join(WAIT_S)
    for client in clients:
        client.stop()
    assert server.stop() == 0
    return count
