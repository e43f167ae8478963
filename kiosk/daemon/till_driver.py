"""A change machine's driver as the engine's cash driver: kiosk/changer_till.py between the two."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kiosk.changer_till import ChangerTill
from kiosk.changer_units import Said
from kiosk.ids import DeviceId
from kiosk.ports import Command, Driver, Event


class TillDriver:
    """kiosk.ports.Driver. `make` gets where the machine's events go, and gives the machine's driver."""

    def __init__(
        self,
        till: ChangerTill,
        make: Callable[[Callable[[Event], None]], Driver],
        post: Callable[[Event], None],
    ) -> None:
        self._till = till
        self._post = post
        self._lock = threading.RLock()
        """The core's thread commands, the machine's thread tells."""
        self._machine = make(self._hear)

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return self._till.devices

    def start(self) -> None:
        self._machine.start()

    def perform(self, command: Command) -> None:
        with self._lock:
            self._pass_on(self._till.perform(command))

    def stop(self) -> None:
        """Nothing more is taken. The end of a deposit that is open is the next life's."""
        with self._lock:
            self._pass_on(self._till.close())
        self._machine.stop()

    def _hear(self, event: Event) -> None:
        with self._lock:
            self._pass_on(self._till.hear(event))

    def _pass_on(self, said: Said) -> None:
        for event in said.events:
            self._post(event)
        for command in said.commands:
            self._machine.perform(command)
