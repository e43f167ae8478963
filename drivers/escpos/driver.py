"""The receipt printer's driver: a queue in, events out, one thread between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from drivers.escpos.options import Options
from drivers.transport.queued import QueuedDriver, Room
from kiosk.clock import Clock, SystemClock
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId
from kiosk.ports import Event, PrintSlip

if TYPE_CHECKING:
    from drivers.escpos.printing import Printing


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> EscposDriver:
    """The factory of the registry. ConfigError for an option that is unknown or of the wrong type."""
    try:
        return EscposDriver(device, msgspec.convert(dict(options), Options), post)
    except msgspec.ValidationError as why:
        raise ConfigError(f"{device}: {why}") from None


class EscposDriver(QueuedDriver[PrintSlip]):
    """One printer. Opens nothing before `start`. `stop`: a slip on its way comes out as far as it was sent."""

    takes = (PrintSlip,)

    def __init__(
        self,
        device: DeviceId,
        options: Options,
        post: Callable[[Event], None],
        clock: Clock | None = None,
    ) -> None:
        super().__init__(device, post, options.poll_s)
        self._options = options
        self._clock = clock or SystemClock()

    def _open(self) -> Room[PrintSlip]:
        # Late, with pyserial: the core is ready before its printer is.
        from drivers.escpos.printing import Printing  # noqa: PLC0415

        return _Room(Printing(self._device, self._options, self._post, self._clock, self._is_stopping))


class _Room(Room[PrintSlip]):
    def __init__(self, printing: Printing) -> None:
        self._printing = printing
        self._looks = 0

    def perform(self, command: PrintSlip) -> None:
        self._printing.print(command)

    def read(self) -> None:
        """The first look that nobody waits behind also fetches what draws."""
        self._printing.read()
        self._looks += 1
        if self._looks == 2:
            self._printing.warm_up()

    def close(self) -> None:
        self._printing.close()
