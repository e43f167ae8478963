"""The receipt printer's driver: a queue in, events out, one thread between."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from drivers.escpos.options import Options
from kiosk.clock import Clock, SystemClock
from kiosk.errors import ConfigError, ContractError
from kiosk.ids import DeviceId
from kiosk.ports import Command, DeviceLost, Event, PrintSlip

if TYPE_CHECKING:
    from drivers.escpos.printing import Printing

_JOIN_S = 2.0
"""A thread that waits for an answer longer than this is left behind: it is a daemon."""


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> EscposDriver:
    """The factory of the registry. ConfigError for an option that is unknown or of the wrong type."""
    try:
        return EscposDriver(device, msgspec.convert(dict(options), Options), post)
    except msgspec.ValidationError as why:
        raise ConfigError(f"{device}: {why}") from None


class EscposDriver:
    """One printer. Opens nothing before `start`; every event leaves from its own thread."""

    def __init__(
        self,
        device: DeviceId,
        options: Options,
        post: Callable[[Event], None],
        clock: Clock | None = None,
    ) -> None:
        self._device = device
        self._options = options
        self._post = post
        self._clock = clock or SystemClock()
        self._inbox: queue.SimpleQueue[PrintSlip | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"escpos-{device}", daemon=True)
        self._is_stopping = threading.Event()

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self._device,)

    def start(self) -> None:
        self._thread.start()

    def perform(self, command: Command) -> None:
        if not isinstance(command, PrintSlip):
            raise ContractError(f"{self._device}: not a command for a receipt printer")
        self._inbox.put(command)

    def stop(self) -> None:
        """A slip that is on its way comes out as far as it was sent."""
        self._is_stopping.set()
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        try:
            self._work()
        except Exception:  # our own bug: say that nobody prints any more, and let the process see it
            self._post(DeviceLost(device=self._device, code="driver-failed"))
            raise

    def _work(self) -> None:
        # Late, with pyserial: the core is ready before its printer is.
        from drivers.escpos.printing import Printing  # noqa: PLC0415

        printing = Printing(self._device, self._options, self._post, self._clock, self._is_stopping)
        try:
            self._serve(printing)
        finally:
            printing.close()

    def _serve(self, printing: Printing) -> None:
        printing.read()
        is_warm = False
        while not self._is_stopping.is_set():
            try:
                command = self._inbox.get(timeout=self._options.poll_s)
            except queue.Empty:
                printing.read()
                if not is_warm:
                    printing.warm_up()
                    is_warm = True
                continue
            if command is not None:
                printing.print(command)
