"""One input/output module: what its inputs mean, when they changed, what its outputs should be. Pure.

An input counts when two polls in a row saw it: a paper that falls past, or a contact that bounces, is no event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from drivers.modbus.codec import MOST, Answer, Inputs, Question, ReadInputs, Refused, WriteCoils
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId
from kiosk.ports import (
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    EmergencyBegan,
    EmergencyEnded,
    Event,
    PaperTaken,
    SetSignal,
    SheetLeft,
    TrayFilled,
)

TRAYS: Final = ("certificate", "spare", "change", "receipt")
EXITS: Final[Mapping[str, str]] = {"certificate_exit": "certificate", "spare_exit": "spare"}
"""A sensor in a printer's outlet, on while a sheet passes → the thing that the sheet is one of."""
EMERGENCY: Final = "emergency"
LIT: Final[Mapping[str, frozenset[str]]] = {
    "off": frozenset(),
    "called": frozenset({"call", "buzzer"}),
    "coming": frozenset({"call"}),
}
"""State of SetSignal → outputs that are on. The buzzer ends when somebody said that they come."""
MISSES_MAX: Final = 3
NEVER = float("inf")


_NONE: Final = DeviceId("")


@dataclass(frozen=True, slots=True)
class Settings:
    """`inputs`: a thing in its tray (TRAYS), a sheet in an outlet (EXITS), `emergency`; `outputs`: `call`, `buzzer`;
    each with its number on the module, from 0. `inverted`: inputs that are on when nothing lies there (a light
    barrier), or when all is well (an alarm loop that opens)."""

    device: DeviceId
    port: str
    lamp: DeviceId = _NONE
    address: int = 1
    baud: int = 9600
    parity: str = "E"
    inputs: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, int] = field(default_factory=dict)
    inverted: frozenset[str] = frozenset()
    poll_s: float = 0.1
    answer_s: float = 0.2


_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "port": (str,), "lamp": (str,), "address": (int,), "baud": (int,), "parity": (str,), "inputs": (dict,),
    "outputs": (dict,), "inverted": (list,), "poll_s": (int, float), "answer_s": (int, float),
}  # fmt: skip


def read_options(device: DeviceId, options: Mapping[str, Any]) -> Settings:
    """ConfigError names the option that is wrong."""
    for name, value in options.items():
        if name not in _KINDS:
            raise ConfigError(f"{device}: unknown option {name}")
        if not isinstance(value, _KINDS[name]) or isinstance(value, bool):
            raise ConfigError(f"{device}: {name} has the wrong type")
    if "port" not in options:
        raise ConfigError(f"{device}: port is missing")
    inputs = _points(device, "inputs", options, (*TRAYS, *EXITS, EMERGENCY))
    outputs = _points(device, "outputs", options, ("call", "buzzer"))
    if not inputs:
        raise ConfigError(f"{device}: inputs: at least one is expected")
    inverted = frozenset(options.get("inverted", ()))
    if not inverted <= set(inputs):
        raise ConfigError(f"{device}: inverted: not an input of this module")
    rest = {name: value for name, value in options.items() if name not in ("inputs", "outputs", "inverted")}
    return Settings(device, inputs=inputs, outputs=outputs, inverted=inverted, **rest)


def _points(device: DeviceId, key: str, options: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, int]:
    points: dict[str, int] = dict(options.get(key, {}))
    for name, at in points.items():
        if name not in known:
            raise ConfigError(f"{device}: {key}: {name} is none of {', '.join(known)}")
        if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < MOST:
            raise ConfigError(f"{device}: {key}: {name}: a number from 0 to {MOST - 1} is expected")
    if len(set(points.values())) != len(points):
        raise ConfigError(f"{device}: {key}: two have the same number")
    return points


class Module:
    """Driven by the line's thread. Time is an argument."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_there = False
        self._misses = 0
        self._due_s = 0.0
        self._seen: tuple[bool, ...] = ()
        """By the last poll."""
        self._held: dict[str, bool] = {}
        """What was told: on or off, of each input."""
        self._signal = "off"
        self._is_written = not settings.outputs
        self._is_leaving = False
        self._asked: Question | None = None
        self._fault = 0

    def due(self) -> float:
        return self._due_s if self._asked is None else NEVER

    @property
    def is_safe(self) -> bool:
        """Nobody's lamp stays on when the program has gone."""
        return self._is_written or not self._is_there

    def perform(self, command: SetSignal) -> list[Event]:
        self._signal = command.state
        self._is_written = not self.settings.outputs
        self._due_s = 0.0
        return []

    def close_down(self) -> list[Event]:
        self._is_leaving = True
        self._signal, self._is_written, self._due_s = "off", not self.settings.outputs, 0.0
        return []

    def question(self) -> Question:
        """Outputs first: a person who is called for is not let wait."""
        settings = self.settings
        if not self._is_written:
            lit = LIT.get(self._signal, frozenset())
            coils = [False] * (max(settings.outputs.values()) + 1)
            for name, at in settings.outputs.items():
                coils[at] = name in lit
            self._asked = WriteCoils(settings.address, tuple(coils))
        else:
            self._asked = ReadInputs(settings.address, max(settings.inputs.values()) + 1)
        return self._asked

    def answered(self, answer: Answer, now_s: float) -> list[Event]:
        asked, self._asked = self._asked, None
        self._misses = 0
        self._due_s = now_s + self.settings.poll_s
        events: list[Event] = []
        if not self._is_there:
            self._is_there = True
            self._is_written = not self.settings.outputs
            self._seen, self._held = (), {}
            events.append(DeviceArrived(self.settings.device, f"modbus:{self.settings.address}"))
        match answer:
            case Refused(code=code):
                events += self._tell_fault(code)
            case Inputs(on=on):
                events += self._tell_fault(0) + self._changes(on)
            case _:
                if isinstance(asked, WriteCoils):
                    self._is_written = True
        return events

    def unanswered(self, now_s: float) -> list[Event]:
        self._asked = None
        self._misses += 1
        self._due_s = now_s + self.settings.poll_s
        if self._misses < MISSES_MAX:
            return []
        self._due_s = now_s + 1.0
        return self.lost("no-answer")

    def lost(self, code: str) -> list[Event]:
        self._asked = None
        was, self._is_there = self._is_there, False
        return [DeviceLost(self.settings.device, code)] if was else []

    def _tell_fault(self, code: int) -> list[Event]:
        was, self._fault = self._fault, code
        if code == was:
            return []
        if code:
            return [DeviceFault(self.settings.device, f"exception-{code}")]
        return [DeviceFault(self.settings.device, f"exception-{was}", clear=True)]

    def _changes(self, on: tuple[bool, ...]) -> list[Event]:
        """What two polls agree on and is news."""
        before, self._seen = self._seen, on
        events: list[Event] = []
        for name, at in self.settings.inputs.items():
            if len(before) != len(on) or before[at] != on[at]:
                continue
            is_on = on[at] != (name in self.settings.inverted)
            if is_on != self._held.get(name, False):
                events += self._told(name, is_on)
            self._held[name] = is_on
        return events

    def _told(self, name: str, is_on: bool) -> list[Event]:
        device = self.settings.device
        if name == EMERGENCY:
            return [EmergencyBegan(device) if is_on else EmergencyEnded(device)]
        if name in EXITS:  # one that stays in the outlet has not left
            return [] if is_on else [SheetLeft(device, EXITS[name])]
        return [TrayFilled(device, name) if is_on else PaperTaken(device, name)]
