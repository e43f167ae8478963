"""The core's end of the card process: a Driver that keeps a fresh process connected ahead of the next card.

One connection is one process is one card. When a process ends, the next connection is made at once. Each is told first
which reader it is for, so several of these drivers may share a socket. Options: `socket` (default
`/run/kiosk/card/card.sock`); `reader`, part of the reader's name as PC/SC has it (default: the first by name);
`not_reader`, part of the names of readers that are another driver's; `allow_virtual` (demo and tests): cards on
vsmartcard's reader are taken. A machine in use cannot have it (kiosk/config.py), so a card process that was started
with `--allow-virtual` there finds nobody who listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from drivers.card_service import messages
from drivers.card_service.messages import CardCommand, CardEvent, UseReader
from drivers.transport.names import VIRTUAL_READER
from kiosk import ports
from kiosk.errors import ConfigError, ContractError
from kiosk.ids import DeviceId
from kiosk.ipc.fresh import FreshProcess, socket_option
from kiosk.ports import Command, Event

DEFAULT_SOCKET: Final = "/run/kiosk/card/card.sock"
ANY_READER: Final = UseReader()


class CardClient(FreshProcess[CardCommand | UseReader, CardEvent]):
    """Driver (kiosk.ports) of one card reader."""

    def __init__(
        self,
        device: DeviceId,
        path: str,
        post: Callable[[Event], None],
        allow_virtual: bool = False,
        which: UseReader = ANY_READER,
    ) -> None:
        super().__init__(device, path, post, messages.event_decoder)
        self._which = which
        self._allow_virtual = allow_virtual
        self._is_refused = False
        """The reader is one that anybody can lay cards on: nothing it says counts."""
        self._has_card = False
        """Something lies on the reader, as far as we were told."""
        self._goes_on = False
        """Its card could not be read, and it waits for the next one with the number that it holds."""
        self._has_number = False
        """The process was asked to hold 照合番号B, or a part of it."""

    def perform(self, command: Command) -> None:
        if not isinstance(command, CardCommand):
            raise ContractError(f"{self._device}: not a command for a card reader")
        self._queue(command)

    def _began(self) -> None:
        self._is_refused = self._goes_on = False
        self._send(self._which)

    def _take(self, event: Any) -> None:
        if isinstance(event, ports.DeviceArrived):
            self._is_refused = not self._allow_virtual and VIRTUAL_READER in event.identity
            if self._is_refused:
                event = ports.DeviceLost(self._device, "virtual-reader")
        if not self._is_refused or isinstance(event, ports.DeviceLost):
            super()._take(event)

    def _pass_on(self, event: CardEvent) -> None:
        match event:
            case ports.CardInserted():
                self._has_card = True
            case ports.CardUnreadable():
                self._goes_on = event.goes_on
            case ports.CardRemoved() if self._goes_on:
                self._has_card = self._goes_on = False
            case ports.CardRemoved():
                self._has_card = self._has_number = False
                self._forget_commands()
                self._spend()
            case (
                ports.NumberForgotten() | ports.NumberRejected() | ports.SurfaceRead() | ports.SurfaceFailed()
            ):
                self._has_number = False
        self._post(event)

    def _obey(self, command: CardCommand | UseReader) -> None:
        """Without a card, only the number and a sealed code make sense."""
        match command:
            case ports.OpenNumberSlot():
                self._has_number = True
            case ports.ForgetNumber():
                self._has_number = False
            case ports.OpenCodeSlot() | ports.ClosePinSlot():
                pass  # a sealed code wants no card
            case _ if not self._has_card:
                return
        self._send(command)

    def _keeps(self, command: CardCommand | UseReader) -> bool:
        return isinstance(command, ports.OpenNumberSlot | ports.OpenCodeSlot)

    def _forget_commands(self) -> None:
        """What was meant for this card is not for the next one."""
        self._commands.clear()

    def _ended(self, code: str) -> None:
        """With a card inside it, the session with this card is over; a number that it held is gone."""
        if self._stopped.is_set():
            return
        had_card, had_number = self._has_card, self._has_number
        self._has_card = self._has_number = False
        if had_card:
            self._forget_commands()
            self._post(ports.CardFailed(self._device, code))
        elif had_number:
            self._post(ports.NumberForgotten(self._device))


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> CardClient:
    """Factory (kiosk.ports). ConfigError for an option that we do not know."""
    known = dict(options)
    allow_virtual = known.pop("allow_virtual", False)
    if not isinstance(allow_virtual, bool):
        raise ConfigError(f"{device}: option allow_virtual is not true or false")
    which = UseReader(*(_name(device, known, each) for each in ("reader", "not_reader")))
    return CardClient(device, socket_option(device, known, DEFAULT_SOCKET), post, allow_virtual, which)


def _name(device: DeviceId, known: dict[str, Any], option: str) -> str:
    said = known.pop(option, "")
    if not isinstance(said, str):
        raise ConfigError(f"{device}: option {option} is not a reader's name")
    return said
