"""Opening and closing: which notes may come in now, as the device itself has confirmed. Pure."""

from __future__ import annotations

from drivers.id003.line import Events, Line, Step, marker, question, setting
from drivers.id003.messages import RESTING, Command, disable_all_but
from drivers.id003.slot import Slot
from kiosk.errors import PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.money import Denomination
from kiosk.ports import AcceptanceSet

SHUT = b"\x01"
_OPEN = b"\x00"


class Acceptance:
    """Command: SetAcceptance. Event: AcceptanceSet."""

    def __init__(self, device: DeviceId, line: Line, slot: Slot) -> None:
        self._device = device
        self._line = line
        self._slot = slot
        self._wanted: tuple[Denomination, ...] = ()
        self.is_telling = False
        """That it is shut is still to be told."""

    def set(self, wanted: tuple[Denomination, ...]) -> None:
        """Closing: the inhibit first. Opening: the mask first, read back, then the inhibit."""
        types = self._slot.types
        codes = [code for code, kind in types.items() if kind.denomination in wanted]
        if not codes:
            self.shut()
            return
        self._line.forget("acceptance")
        self.is_telling = False
        self._wanted = tuple(
            each for each in wanted if any(types[code].denomination is each for code in codes)
        )
        self._slot.wanted = codes
        mask = disable_all_but(codes)
        self._line.ask(
            setting(Command.SET_DENOMINATIONS, mask, topic="acceptance"),
            _confirm(Command.GET_DENOMINATIONS, mask),
            setting(Command.SET_INHIBIT, _OPEN, topic="acceptance"),
            _confirm(Command.GET_INHIBIT, _OPEN),
            marker(self._on_open, "acceptance"),
        )

    def shut(self) -> None:
        """Let nothing in any more. Told when the device has said so and no note is inside."""
        self._line.forget("acceptance")
        self.forget()
        self._line.ask(
            setting(Command.SET_INHIBIT, SHUT, topic="acceptance"),
            _confirm(Command.GET_INHIBIT, SHUT),
            marker(self._on_shut, "acceptance"),
        )

    def forget(self) -> None:
        """Whatever was open is not, or is not to be."""
        self._wanted, self._slot.wanted = (), ()
        self.is_telling = False

    def on_status(self, status: int) -> Events:
        """A note that was let in just before is through."""
        if not self.is_telling or status not in RESTING or not self._slot.is_empty:
            return []
        self.is_telling = False
        return [AcceptanceSet(self._device, ())]

    def _on_open(self, _now: float) -> Events:
        return [AcceptanceSet(self._device, self._wanted)]

    def _on_shut(self, _now: float) -> Events:
        self.is_telling = True
        return []


def _confirm(command: Command, expected: bytes) -> Step:
    def on_reply(data: bytes, _now: float) -> Events:
        if data != expected:
            raise PeerProtocolError("id003: the device did not take it")
        return []

    return question(command, on_reply, topic="acceptance")
