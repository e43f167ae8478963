"""The ID-003 driver: a note validator and its boxes, served by one thread (drivers/transport/line_thread.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.id003.codec import NEED_DATA, Frame, FrameReader, encode
from drivers.id003.device import NoteUnit
from drivers.id003.settings import Settings, read_options
from drivers.transport.line_thread import LineSettings, LineThread, Post
from kiosk.errors import ContractError
from kiosk.ids import DeviceId
from kiosk.ports import (
    AcknowledgeCredit,
    AcknowledgePayout,
    Command,
    Dispense,
    Event,
    ReadHopper,
    ResetNotePath,
    ResolveDispense,
    ReturnNote,
    SetAcceptance,
    StackNote,
    StartNoteAcceptor,
    StopDispense,
)

_COUNT_MAX = 255


def create(device: DeviceId, options: Mapping[str, Any], post: Post) -> LineThread:
    """The factory of the registry. `device` names the line; events carry the ids of the units on it."""
    port = read_options(device, options)
    line = LineSettings(port.port, port.baud, port.parity, port.reply_timeout_s)
    return LineThread("id003", Id003(port.unit), line, post)


class Id003:
    """The one machine of a line, and its bytes."""

    def __init__(self, settings: Settings) -> None:
        self._unit = NoteUnit(settings)
        self._boxes = frozenset(self._unit.boxes.devices)
        self._is_started = False
        self._reader = FrameReader()

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return self._unit.devices

    def refuse_nonsense(self, command: Command) -> None:
        match command:
            case StartNoteAcceptor(device=device) if device == self._unit.device:
                self._is_started = True
            case SetAcceptance(device=device) | StackNote(device=device) | ReturnNote(device=device) if (
                device == self._unit.device and self._is_started
            ):
                pass
            case AcknowledgeCredit(device=device) | ResetNotePath(device=device) if (
                device == self._unit.device and self._is_started
            ):
                pass
            case ReadHopper(device=device) | ResolveDispense(device=device) if device in self._boxes:
                pass
            case AcknowledgePayout(device=device) | StopDispense(device=device) if device in self._boxes:
                pass
            case Dispense(device=device, count=count) if device in self._boxes and 0 < count <= _COUNT_MAX:
                pass
            case _:
                raise ContractError(f"id003: not a command for here and now: {type(command).__name__}")

    def due(self) -> float:
        return self._unit.due()

    def tick(self, now: float) -> list[Event]:
        return self._unit.tick(now)

    def perform(self, command: Command, now: float) -> list[Event]:
        return self._unit.perform(command, now)

    def close_down(self, now: float) -> list[Event]:
        return self._unit.close_down(now)

    @property
    def is_safe(self) -> bool:
        return self._unit.is_safe

    def port_lost(self, now: float) -> list[Event]:
        return self._unit.port_lost(now)

    def ask(self, now: float) -> tuple[bytes, bool]:
        step = self._unit.request(now)
        self._reader.idle()
        return encode(step.request), step.has_reply

    def feed(self, data: bytes) -> None:
        self._reader.feed(data)

    def next_frame(self) -> Frame | None:
        frame = self._reader.next_frame()
        return None if frame is NEED_DATA else frame

    def idle(self) -> None:
        self._reader.idle()

    def replied(self, frame: Frame, now: float) -> list[Event]:
        return self._unit.replied(frame, now)

    def unanswered(self, now: float) -> list[Event]:
        return self._unit.unanswered(now)

    @property
    def is_out_of_step(self) -> bool:
        """Nothing in an answer says which question it is to; one that does not fit was late."""
        return self._unit.line.misses > 0
