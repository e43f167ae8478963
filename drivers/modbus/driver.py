"""The driver of an input/output module on a serial line (drivers/transport/line_thread.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.modbus.codec import Answer, AnswerReader, NeedData, encode
from drivers.modbus.device import Module, Settings, read_options
from drivers.transport.line_thread import LineSettings, LineThread, Post
from kiosk.errors import ContractError
from kiosk.ids import DeviceId
from kiosk.ports import Command, Event, SetSignal


def create(device: DeviceId, options: Mapping[str, Any], post: Post) -> LineThread:
    """The factory of the registry."""
    settings = read_options(device, options)
    line = LineSettings(settings.port, settings.baud, settings.parity, settings.answer_s)
    return LineThread("modbus", ModbusIo(settings), line, post)


class ModbusIo:
    """The one module of a line, and its bytes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._module = Module(settings)
        self._reader = AnswerReader()

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        lamp = self._settings.lamp
        return (self._settings.device, lamp) if lamp else (self._settings.device,)

    def refuse_nonsense(self, command: Command) -> None:
        if not (isinstance(command, SetSignal) and command.device in self.devices):
            raise ContractError(f"modbus: not a command for here and now: {type(command).__name__}")

    def due(self) -> float:
        return self._module.due()

    def tick(self, now: float) -> list[Event]:
        return []

    def perform(self, command: Command, now: float) -> list[Event]:
        return self._module.perform(command) if isinstance(command, SetSignal) else []

    def close_down(self, now: float) -> list[Event]:
        return self._module.close_down()

    @property
    def is_safe(self) -> bool:
        return self._module.is_safe

    def port_lost(self, now: float) -> list[Event]:
        return self._module.lost("no-port")

    def ask(self, now: float) -> tuple[bytes, bool]:
        question = self._module.question()
        self._reader.expect(question)
        return encode(question), True

    def feed(self, data: bytes) -> None:
        self._reader.feed(data)

    def next_frame(self) -> Answer | None:
        frame = self._reader.next_frame()
        return None if isinstance(frame, NeedData) else frame

    def idle(self) -> None:
        self._reader.idle()

    def replied(self, frame: Answer, now: float) -> list[Event]:
        return self._module.answered(frame, now)

    def unanswered(self, now: float) -> list[Event]:
        return self._module.unanswered(now)

    @property
    def is_out_of_step(self) -> bool:
        """An RTU answer that does not fit its question is told by its bytes."""
        return False
