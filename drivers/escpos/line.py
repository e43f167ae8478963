"""Questions and answers on a printer's line: the answer of the right kind, or none in time."""

from __future__ import annotations

from typing import TypeVar

from drivers.escpos.codec import (
    ASK_SENSOR,
    CLEAR,
    NEED_DATA,
    NO_AUTO_STATUS,
    QUERIES,
    RECOVER,
    Block,
    Frame,
    NeedData,
    Parser,
    RealTimeStatus,
    SensorStatus,
    query,
)
from drivers.escpos.device import Status, read_status
from drivers.transport.serial_port import SerialPort, open_serial
from kiosk.clock import Clock
from kiosk.errors import DeviceTimeout, PeerProtocolError
from kiosk.ids import DeviceId

Kind = TypeVar("Kind", RealTimeStatus, SensorStatus, Block)

_TRIES = 2
"""A question is asked again once: one answer may fall to noise, two do not."""


class Line:
    """An open line to one printer. DeviceUnavailable: it went away, open another."""

    def __init__(self, device: DeviceId, port: SerialPort, clock: Clock, answer_timeout_s: float) -> None:
        self._device = device
        self._port = port
        self._clock = clock
        self._answer_timeout_s = answer_timeout_s
        self._parser = Parser()
        self._has_sensor_answer = False

    @staticmethod
    def open(device: DeviceId, address: str, baud: int, parity: str, clock: Clock, timeout_s: float) -> Line:
        """DeviceUnavailable when there is no such line."""
        line = Line(device, open_serial(address, baud=baud, parity=parity), clock, timeout_s)
        line.send(CLEAR + NO_AUTO_STATUS, timeout_s)  # a slip that broke off before us ends here
        return line

    def send(self, data: bytes, timeout_s: float) -> None:
        """DeviceTimeout: the printer takes no more, and some bytes may have gone."""
        self._port.write(data, timeout_s)

    def status(self) -> Status:
        """All four bytes, each asked for by itself. DeviceTimeout: no answer, which says nothing about
        paper."""
        bits = [self._ask(number) for number in QUERIES]
        return read_status(*bits)

    def ask_sensor_after(self, data: bytes, timeout_s: float) -> None:
        """Send the last of a slip, and the question whose answer says that all of it is done."""
        self._has_sensor_answer = False
        self.send(data + ASK_SENSOR, timeout_s)

    def has_sensor_answer(self, timeout_s: float) -> bool:
        """Whether that answer has come, or comes within this time."""
        if not self._has_sensor_answer:
            self._await(SensorStatus, timeout_s)
        return self._has_sensor_answer

    def clear(self) -> None:
        """Forget the slip that broke off. Printers that know the command say when it is done; others we let be."""
        self.send(CLEAR + RECOVER, self._answer_timeout_s)
        self._await(Block, self._answer_timeout_s)

    def close(self) -> None:
        self._port.close()

    def _ask(self, number: int) -> int:
        for _ in range(_TRIES):
            while self._await(RealTimeStatus, 0.0) is not None:
                pass  # an answer that came too late must not be taken for the next one
            self._parser = Parser()  # nor noise for the beginning of it
            self.send(query(number), self._answer_timeout_s)
            answer = self._await(RealTimeStatus, self._answer_timeout_s)
            if answer is not None:
                return answer.bits
        raise DeviceTimeout(f"{self._device}: no answer to status {number}")

    def _await(self, kind: type[Kind], timeout_s: float) -> Kind | None:
        """The next frame of that kind. A sensor answer is noted whenever it comes: it comes once."""
        until_s = self._clock.monotonic_s() + timeout_s
        while True:
            frame = self._next_frame()
            if isinstance(frame, SensorStatus):
                self._has_sensor_answer = True
            if isinstance(frame, kind):
                return frame
            if frame is NEED_DATA:
                data = self._port.read(max(0.0, until_s - self._clock.monotonic_s()))
                if not data and self._clock.monotonic_s() >= until_s:
                    return None
                self._parser.feed(data)

    def _next_frame(self) -> Frame | NeedData | None:
        try:
            return self._parser.next_frame()
        except PeerProtocolError:
            return None
