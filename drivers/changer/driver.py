"""The changer's driver: one thread for one line (drivers/transport/line_thread.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.changer.codec import LineReader, Message, encode
from drivers.changer.device import Changer
from drivers.changer.settings import Settings, read_options
from drivers.transport.line_thread import LineSettings, LineThread, Post
from kiosk.errors import ContractError
from kiosk.ids import DeviceId
from kiosk.ports import (
    BeginDeposit,
    Command,
    DispenseCash,
    DispenseChange,
    EndDeposit,
    Event,
    FixDeposit,
    PauseDeposit,
    ReadCashCounts,
    ReadDeposit,
    ResolveCash,
)

_VERBS = (
    BeginDeposit
    | PauseDeposit
    | FixDeposit
    | EndDeposit
    | DispenseChange
    | DispenseCash
    | ResolveCash
    | ReadCashCounts
    | ReadDeposit
)


def create(device: DeviceId, options: Mapping[str, Any], post: Post) -> LineThread:
    """The factory of the registry."""
    settings = read_options(device, options)
    line = LineSettings(settings.port, settings.baud, reply_timeout_s=settings.reply_timeout_s)
    return LineThread("changer", Talk(device, settings), line, post)


class Talk:
    """The machine and its bytes."""

    def __init__(self, device: DeviceId, settings: Settings) -> None:
        self._machine = Changer(device, settings)
        self._reader = LineReader()
        self._seq = 0

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self._machine.device,)

    def refuse_nonsense(self, command: Command) -> None:
        if not isinstance(command, _VERBS):
            raise ContractError(f"changer: not a command for here: {type(command).__name__}")

    def due(self) -> float:
        return self._machine.due()

    def tick(self, now: float) -> list[Event]:
        return self._machine.tick(now)

    def perform(self, command: Command, now: float) -> list[Event]:
        return self._machine.perform(command, now)

    def close_down(self, now: float) -> list[Event]:
        del now
        return []

    @property
    def is_safe(self) -> bool:
        return self._machine.is_safe

    def port_lost(self, now: float) -> list[Event]:
        del now
        return self._machine.lost("no-port")

    def ask(self, now: float) -> tuple[bytes, bool]:
        self._seq += 1
        self._reader.idle()
        return encode({"seq": self._seq, **self._machine.request(now)}), True

    def feed(self, data: bytes) -> None:
        self._reader.feed(data)

    def next_frame(self) -> Message | None:
        """The answer to our question; what was late is passed over."""
        while (message := self._reader.next_message()) is not None:
            if message.get("seq") == self._seq:
                return message
        return None

    def idle(self) -> None:
        self._reader.idle()

    def replied(self, frame: Message, now: float) -> list[Event]:
        return self._machine.replied(frame, now)

    def unanswered(self, now: float) -> list[Event]:
        return self._machine.unanswered(now)

    @property
    def is_out_of_step(self) -> bool:
        return False
