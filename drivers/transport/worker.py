"""A driver of one device behind one thread of its own: who may stop it, and what becomes of a bug in it."""

from __future__ import annotations

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


class Worker(ABC, Generic[C]):
    """kiosk.ports.Driver of one device. Nothing is done before `start`; every event leaves from its own thread; a bug
    in that one is told (`driver-failed`) and reaches the process."""

    takes: tuple[type[Command], ...]
    """The commands of this device; anything else is our own bug."""

    def __init__(self, device: DeviceId, post: Callable[[Event], None]) -> None:
        self._device = device
        self._post = post
        self._is_stopping = threading.Event()
        name = f"{type(self).__module__.split('.')[-2]}-{device}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self._device,)

    def start(self) -> None:
        self._thread.start()

    def perform(self, command: Command) -> None:
        if not isinstance(command, self.takes):
            raise ContractError(f"{self._device}: not a command for this device: {type(command).__name__}")
        self._accept(command)  # type: ignore[arg-type]  # `takes` is C

    def stop(self) -> None:
        """What is under way goes on in the device; the next life asks what became of it."""
        self._is_stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    @abstractmethod
    def _accept(self, command: C) -> None:
        """From the core's thread: keep it for the own one, and return at once."""

    @abstractmethod
    def _wake(self) -> None:
        """From the core's thread: end the own one's wait."""

    @abstractmethod
    def _work(self) -> None:
        """The thread, until `_is_stopping`."""

    def _run(self) -> None:
        try:
            self._work()
        except Exception:
            self._post(DeviceLost(self._device, "driver-failed"))
            raise
