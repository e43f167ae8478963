"""The options of an ID-003 device, as the machine's configuration writes them; an unknown or missing one is refused.
Pure.

    {"port": "/dev/serial/by-id/…", "acceptor": {"id": "note1"},
     "boxes": [{"id": "recycler1000", "box": 1, "denomination": "note1000"}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from drivers.id003.boxes import Box, BoxesSettings
from drivers.id003.messages import BOXES, Command
from drivers.id003.slot import SlotSettings
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId
from kiosk.money import Denomination

T = TypeVar("T")
_REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Settings:
    """What the machine knows. `identity`: text that the version must contain (there is no serial number); `country`:
    the code in the device's table that means yen, None: as its table says without doubt."""

    device: DeviceId
    identity: str = ""
    country: int | None = None
    poll_s: float = 0.1
    retry_s: float = 1.0
    slot: SlotSettings = field(default_factory=SlotSettings)
    boxes: BoxesSettings = field(default_factory=BoxesSettings)


@dataclass(frozen=True, slots=True)
class Port:
    """The line, and what hangs on it."""

    port: str
    baud: int
    parity: str
    reply_timeout_s: float
    unit: Settings


class _Options:
    """A table of options that wants each of them read once."""

    def __init__(self, where: str, table: object) -> None:
        if not isinstance(table, Mapping):
            raise ConfigError(f"{where}: not a table")
        self._where = where
        self._left = dict(table)

    def take(self, name: str, kind: type[T], default: Any = _REQUIRED) -> T:
        value = self._left.pop(name, default)
        if value is _REQUIRED:
            raise ConfigError(f"{self._where}: {name} is missing")
        if kind is float and type(value) is int:
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ConfigError(f"{self._where}: {name} has the wrong type")
        return value

    def end(self) -> None:
        if self._left:
            raise ConfigError(f"{self._where}: unknown option {sorted(self._left)[0]}")


def read_options(name: DeviceId, table: Mapping[str, Any]) -> Port:
    """The line that these options describe; ConfigError names the option that is wrong."""
    options = _Options(str(name), table)
    boxes = tuple(
        _box(f"{name}: box {at + 1}", each) for at, each in enumerate(options.take("boxes", list, []))
    )
    payout = BoxesSettings(
        boxes,
        low_below=options.take("low_below", int, 10),
        high_from=options.take("high_from", int, 80),
        lost_after_s=options.take("lost_after_s", float, 10.0),
        stall_s=options.take("stall_s", float, 60.0),
    )
    acceptor = _Options(f"{name}: acceptor", options.take("acceptor", dict))
    port = Port(
        port=options.take("port", str),
        baud=options.take("baud", int, 9600),
        parity=options.take("parity", str, "E"),
        reply_timeout_s=options.take("reply_timeout_s", float, 0.3),
        unit=_unit(f"{name}: acceptor", acceptor, payout),
    )
    options.end()
    if port.parity not in ("E", "N"):
        raise ConfigError(f"{name}: parity is `E`, or `N` for a pty")
    _refuse_twins(name, port.unit)
    return port


def _unit(where: str, options: _Options, boxes: BoxesSettings) -> Settings:
    stack = options.take("stack", int, 2)
    if stack not in (1, 2):
        raise ConfigError(f"{where}: stack is 1 or 2")
    decide_s = options.take("decide_s", float, 5.0)
    country = options.take("country", int, -1)
    unit = Settings(
        device=DeviceId(options.take("id", str)),
        identity=options.take("identity", str, ""),
        country=None if country < 0 else country,
        poll_s=options.take("poll_s", float, 0.1),
        retry_s=options.take("retry_s", float, 1.0),
        slot=SlotSettings(Command.STACK_1 if stack == 1 else Command.STACK_2, decide_s),
        boxes=boxes,
    )
    options.end()
    if not 0.05 <= unit.poll_s <= 0.5:
        raise ConfigError(f"{where}: poll_s is 0.05 to 0.5")
    return unit


def _box(where: str, table: object) -> Box:
    options = _Options(where, table)
    number = options.take("box", int)
    try:
        denomination = Denomination(options.take("denomination", str))
    except ValueError:
        raise ConfigError(f"{where}: denomination is not a face of money") from None
    if not 1 <= number <= BOXES or not denomination.is_note:
        raise ConfigError(f"{where}: box is 1 or 2, denomination a note")
    box = Box(DeviceId(options.take("id", str)), number, denomination)
    options.end()
    return box


def _refuse_twins(name: DeviceId, unit: Settings) -> None:
    boxes = unit.boxes.boxes
    ids = {unit.device, *(box.device for box in boxes)}
    if len(ids) <= len(boxes) or len({box.number for box in boxes}) < len(boxes):
        raise ConfigError(f"{name}: two devices with one number or one id")
