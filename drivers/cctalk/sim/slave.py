"""What every simulated device answers: the core and multi-drop commands of the specification, part 2."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from drivers.cctalk.codec import NAK, REPLY
from drivers.cctalk.messages import Header

COMMS_REVISION = bytes((1, 4, 7))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device says: a frame, or bare bytes (the address commands), or nothing at all (None instead of
    it)."""

    header: int = REPLY
    data: bytes = b""
    is_bare: bool = False


ACK = Answer()
REFUSED = Answer(NAK)

Handler = Callable[[bytes, float], "Answer | None"]


@dataclass(frozen=True, slots=True)
class Label:
    """What the device says of itself."""

    category: str
    product: str
    serial: int


class Slave:
    """One device at one address. Subclasses add their headers to `handlers`. Unknown headers are met with
    silence, as the specification says (or with NAK, as some devices do)."""

    def __init__(self, name: str, address: int, label: Label, *, nak_unknown: bool = False) -> None:
        self.name = name
        self.address = address
        self.label = label
        self._nak_unknown = nak_unknown
        self.handlers: dict[int, Handler] = {
            Header.SIMPLE_POLL: lambda _data, _now: ACK,
            Header.REQUEST_MANUFACTURER: self._says(b"SIM"),
            Header.REQUEST_EQUIPMENT_CATEGORY: self._says(label.category.encode()),
            Header.REQUEST_PRODUCT_CODE: self._says(label.product.encode()),
            Header.REQUEST_SERIAL_NUMBER: lambda _data, _now: Answer(
                data=self.label.serial.to_bytes(3, "little")
            ),
            Header.REQUEST_SOFTWARE_REVISION: self._says(b"1.0"),
            Header.REQUEST_BUILD_CODE: self._says(b"BENCH"),
            Header.REQUEST_COMMS_REVISION: self._says(COMMS_REVISION),
            Header.ADDRESS_CLASH: lambda _data, _now: Answer(data=bytes((self.address,)), is_bare=True),
            Header.ADDRESS_CHANGE: self._change_address,
            Header.ADDRESS_RANDOM: self._draw_address,
            Header.RESET_DEVICE: self._reset,
        }

    def handle(self, header: int, data: bytes, now: float) -> Answer | None:
        """Do what is asked; the answer, or None for silence."""
        handler = self.handlers.get(header)
        if handler is None:
            return REFUSED if self._nak_unknown else None
        return handler(data, now)

    def power_up(self) -> None:
        """All that is not in EEPROM is lost."""
        raise NotImplementedError

    def exchange(self) -> None:
        """Another one of the same kind is put in its place: the next serial number, the counters of a new device."""
        self.label = replace(self.label, serial=self.label.serial + 0x100)
        self.power_up()

    def advance(self, now: float) -> None:
        """Let the mechanics run up to `now`."""

    def next_move(self) -> float | None:
        """When the mechanics do something by themselves; None: not before they are told to."""
        return None

    def _reset(self, _data: bytes, _now: float) -> Answer:
        self.power_up()
        return ACK

    def _change_address(self, data: bytes, _now: float) -> Answer:
        if len(data) != 1 or data[0] < 2:
            return REFUSED
        self.address = data[0]
        return ACK

    def _draw_address(self, _data: bytes, _now: float) -> Answer:
        """Out of a clash: any address but the broadcast's, the host's and this one."""
        self.address = secrets.choice([each for each in range(2, 256) if each != self.address])
        return ACK

    @staticmethod
    def _says(data: bytes) -> Handler:
        return lambda _data, _now: Answer(data=data)
