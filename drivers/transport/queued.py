"""A device behind one thread: commands in by a queue, events out, nothing done before `start`."""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from kiosk.errors import ContractError
from kiosk.ids import DeviceId
from kiosk.ports import Command, DeviceLost, Event

C = TypeVar("C", bound=Command)

_JOIN_S = 2.0
"""A thread that waits for an answer longer than this is left behind: it is a daemon."""


class Room(ABC, Generic[C]):
    """What the thread works in: made in it, and so are its vendor's libraries imported."""

    @abstractmethod
    def perform(self, command: C) -> None: ...

    @abstractmethod
    def read(self) -> None:
        """Look at the device: at the start, and whenever no command came for a while."""

    def close(self) -> None:
        """The end of the thread."""


class QueuedDriver(ABC, Generic[C]):
    """One device. Every event leaves from its own thread; a bug in it is told and reaches the process."""

    takes: tuple[type[Command], ...]
    """The commands of this device; anything else is our own bug."""

    def __init__(self, device: DeviceId, post: Callable[[Event], None], poll_s: float) -> None:
        self._device = device
        self._post = post
        self._poll_s = poll_s
        self._inbox: queue.SimpleQueue[C | None] = queue.SimpleQueue()
        name = f"{type(self).__module__.split('.')[-2]}-{device}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._is_stopping = threading.Event()

    @abstractmethod
    def _open(self) -> Room[C]:
        """In the thread: late, for the core is ready before its devices are."""

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self._device,)

    def start(self) -> None:
        self._thread.start()

    def perform(self, command: Command) -> None:
        if not isinstance(command, self.takes):
            raise ContractError(f"{self._device}: not a command for this device: {type(command).__name__}")
        self._inbox.put(command)  # type: ignore[arg-type]  # `takes` is C

    def stop(self) -> None:
        """What is under way goes on in the device; nobody waits for it here."""
        self._is_stopping.set()
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        try:
            room = self._open()
            try:
                self._serve(room)
            finally:
                room.close()
        except Exception:
            self._post(DeviceLost(device=self._device, code="driver-failed"))
            raise

    def _serve(self, room: Room[C]) -> None:
        room.read()
        while not self._is_stopping.is_set():
            try:
                command = self._inbox.get(timeout=self._poll_s)
            except queue.Empty:
                room.read()
                continue
            if command is not None:
                room.perform(command)
