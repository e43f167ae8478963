"""The certificate printer's driver: a queue in, events out, one thread between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from drivers.ipp.options import Options
from drivers.transport.queued import QueuedDriver, Room
from kiosk.clock import Clock, SystemClock
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId
from kiosk.ports import Event, PrintDocument, ReadPrinter

if TYPE_CHECKING:
    from drivers.ipp.printing import Printing

_Command = ReadPrinter | PrintDocument


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> IppDriver:
    """The factory of the registry. ConfigError for an option that is unknown or of the wrong type."""
    try:
        return IppDriver(device, msgspec.convert(dict(options), Options), post)
    except msgspec.ValidationError as why:
        raise ConfigError(f"{device}: {why}") from None


class IppDriver(QueuedDriver[_Command]):
    """One printer. Talks to nobody before `start`. `stop`: a print that is under way goes on in the printer."""

    takes = (ReadPrinter, PrintDocument)

    def __init__(
        self,
        device: DeviceId,
        options: Options,
        post: Callable[[Event], None],
        clock: Clock | None = None,
    ) -> None:
        if not options.uri.startswith("ipp://"):
            raise ConfigError(f"{device}: uri is not ipp://HOST[:PORT]/PATH")
        super().__init__(device, post, options.poll_s)
        self._options = options
        self._clock = clock or SystemClock()

    def _open(self) -> Room[_Command]:
        # Late: the core is ready before its printer is, and http.client takes 20 ms to import.
        from drivers.ipp.printing import Printing  # noqa: PLC0415

        return _Room(Printing(self._device, self._options, self._post, self._clock, self._is_stopping))


class _Room(Room[_Command]):
    def __init__(self, printing: Printing) -> None:
        self._printing = printing

    def perform(self, command: _Command) -> None:
        if isinstance(command, ReadPrinter):
            self._printing.read(is_asked=True)
        else:
            self._printing.print(command)

    def read(self) -> None:
        self._printing.read()

    def close(self) -> None:
        self._printing.close()
