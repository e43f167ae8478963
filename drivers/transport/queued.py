"""A device behind one thread: commands in by a queue, events out, nothing done before `start`."""

from __future__ import annotations

import queue
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic

from drivers.transport.worker import C, Worker
from kiosk.ids import DeviceId
from kiosk.ports import Event


class Room(ABC, Generic[C]):
    """What the thread works in: made in it, and so are its vendor's libraries imported."""

    @abstractmethod
    def perform(self, command: C) -> None: ...

    @abstractmethod
    def read(self) -> None:
        """Look at the device: at the start, and whenever no command came for a while."""

    def close(self) -> None:
        """The end of the thread."""


class QueuedDriver(Worker[C]):
    """One device that is asked, or looked at when nothing was asked for a while."""

    def __init__(self, device: DeviceId, post: Callable[[Event], None], poll_s: float) -> None:
        super().__init__(device, post)
        self._poll_s = poll_s
        self._inbox: queue.SimpleQueue[C | None] = queue.SimpleQueue()

    @abstractmethod
    def _open(self) -> Room[C]:
        """In the thread: late, for the core is ready before its devices are."""

    def _accept(self, command: C) -> None:
        self._inbox.put(command)

    def _wake(self) -> None:
        self._inbox.put(None)

    def _work(self) -> None:
        room = self._open()
        try:
            self._serve(room)
        finally:
            room.close()

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
