"""Server and client as they run: `issuance-server run` as a process, the driver as the core uses it."""

from __future__ import annotations

import hashlib
import queue
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from issuance import folder
from kiosk import issuance_client
from kiosk.ids import DeviceId, LineId, TransactionId
from kiosk.ports import Authenticate, ChallengeIssued, Event, Order, Prepare, RequestChallenge
from tests.issuance.desk_of import bound
from tests.issuance.people import KIOSK, Card, token
from tests.ports import free_port

WAIT_S = 20.0


class Running:
    """`issuance-server run` on a free port, as a process of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.port = free_port()
        command = [sys.executable, "-m", "issuance.main", "run", "--dir", str(path), "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=folder.HERE.parent)
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                assert self.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)


class Kiosk:
    """The client as the core uses it."""

    def __init__(self, files: Path, url: str, **more: Any) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        options = {
            "url": url,
            "kiosk": KIOSK,
            "key": str(files / "device.key"),
            "certificate": str(files / "device.pem"),
            "ca": str(files / "server-ca.pem"),
            "manifest_key": str(files / "manifest-key.pem"),
            "version": "0.1.0",
        }
        self.driver = issuance_client.create(DeviceId("issuance"), options | more, self.events.put)
        self.driver.start()

    def next(self) -> Event:
        return self.events.get(timeout=WAIT_S)

    def ask(self, command: Any) -> Event:
        self.driver.perform(command)
        return self.next()

    def authenticate(self, card: Card) -> tuple[TransactionId, Event]:
        transaction = TransactionId(token())
        issued = self.ask(RequestChallenge(transaction))
        assert isinstance(issued, ChallengeIssued)
        signature = card.sign(bound(issued.challenge, KIOSK, transaction, ()))
        return transaction, self.ask(Authenticate(transaction, card.der, signature))

    def prepare(self, card: Card, transaction: TransactionId, *options: tuple[str, str]) -> Event:
        order = Order(LineId(token()), "juminhyo", options)
        return self.ask(Prepare(transaction, order, fingerprint(card)))


def fingerprint(card: Card) -> str:
    return hashlib.sha256(card.der).hexdigest()
