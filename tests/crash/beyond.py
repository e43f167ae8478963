"""What is not money at a kiosk of real processes, played outside the core: card, both printers, server.

The core reaches them as a vendor's driver would: by the registry, over a socket, each device for itself. They outlive
it. Every cash device beside them is the production driver on a real line.
"""

from __future__ import annotations

import contextlib
import pickle
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from drivers import registry
from kiosk import issuance_client, ports
from kiosk.daemon import main as core
from kiosk.ids import DeviceId
from tests.engine.world import CERTIFICATE, ENTITLEMENTS, FINGERPRINT, SETUP, Physics, World

SERVER = DeviceId("issuance")
DRIVER = "played"
_LENGTH = struct.Struct("!I")


def _send(peer: socket.socket, message: object) -> None:
    data = pickle.dumps(message)
    peer.sendall(_LENGTH.pack(len(data)) + data)


def _received(peer: socket.socket) -> Any | None:
    """None: the other end is gone."""
    head = _exactly(peer, _LENGTH.size)
    data = _exactly(peer, _LENGTH.unpack(head)[0]) if head else b""
    return pickle.loads(data) if data else None


def _exactly(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (got := peer.recv(size - len(data))):
        data += got
    return data if len(data) == size else b""


# --- in the core's process --------------------------------------------------------------------------------------------


class Link:
    """kiosk.ports.Driver of one device that is played elsewhere."""

    def __init__(self, device: DeviceId, path: str, post: Callable[[ports.Event], None]) -> None:
        self.devices = (device,)
        self._post = post
        self._peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path = path

    def start(self) -> None:
        self._peer.connect(self._path)
        _send(self._peer, self.devices[0])
        threading.Thread(target=self._hear, daemon=True).start()

    def perform(self, command: ports.Command) -> None:
        _send(self._peer, command)

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._peer.shutdown(socket.SHUT_RDWR)

    def _hear(self) -> None:
        while (event := _received(self._peer)) is not None:
            self._post(event)


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[ports.Event], None]) -> Link:
    return Link(device, str(options["socket"]), post)


def core_main(argv: Sequence[str]) -> int:
    """`kiosk-core`, with a server that is played too: `argv` begins with the socket."""
    path, *rest = argv
    registry.DRIVERS[DRIVER] = f"{__name__}:create"
    patched: Any = issuance_client
    patched.create = lambda device, _, post: Link(device, path, post)
    return core.main(rest)


# --- outside ----------------------------------------------------------------------------------------------------------


class Beyond(World):
    """Card, printers and server of one kiosk; the world's own answers, sent to whichever core lives now."""

    def __init__(self, path: Path) -> None:
        self.setup = SETUP
        self.physics = Physics()
        self.commands: list[ports.Command] = []
        self.perform_instead: set[str] = set()
        self.server_is_up = True
        self.entitlements = ENTITLEMENTS
        self.serial = 0
        self.evidence_changes: dict[str, object] = {}
        self.sides, self.pages, self.fronts = "one-sided", 1, ()
        self.slip_outcome = ports.Outcome.CONFIRMED
        self._lock = threading.RLock()
        self._peers: dict[DeviceId, socket.socket] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def later(self, event: ports.Event) -> None:
        """To the core that lives now; nobody hears it when none does."""
        with self._lock:
            peer = self._peers.get(getattr(event, "device", None) or SERVER)
            if peer is not None:
                with contextlib.suppress(OSError):
                    _send(peer, event)

    def lay_card(self) -> None:
        reader = self.setup.card_reader
        self.later(ports.CardInserted(reader))
        self.later(ports.CardRead(reader, ports.CardKind.MY_NUMBER, CERTIFICATE, FINGERPRINT, 3))

    def lift_card(self) -> None:
        self.later(ports.CardRemoved(self.setup.card_reader))

    def key_pin(self) -> None:
        self.later(ports.PinAccepted(self.setup.card_reader))

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_core, args=(peer,), daemon=True).start()

    def _serve_core(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            device = _received(peer)
            if device is None:
                return
            with self._lock:
                self._peers[device] = peer
                if device != SERVER:
                    self.later(ports.DeviceArrived(device, "played"))
                if device == self.setup.certificate_printer:
                    self.later(self.printer_read(device))
            while (command := _received(peer)) is not None:
                with self._lock:
                    self.perform(command)
            with self._lock:
                if self._peers.get(device) is peer:
                    del self._peers[device]

    def _on_ReadPrinter(self, command: ports.ReadPrinter) -> None:
        self.later(self.printer_read(command.device))

    def _on_OpenPinSlot(self, command: ports.OpenPinSlot) -> None:
        self.later(ports.PinSlotOpened(command.device, f"slot{len(self.commands)}", 3, 4, 4))
