"""The recycler's boxes: what they are for, and what they say they hold. Pure; see device.py for how it is driven."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.id003.line import Events, Line, Step, nothing, recycler_question
from drivers.id003.messages import Extended, NoteType, extended, parse_counts, parse_recycled, recycled
from kiosk.errors import PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.money import Denomination
from kiosk.ports import DeviceArrived, DeviceLost, Event, HopperRead

NO_LIFETIME = -1
"""A box has no lifetime count that we trust."""


@dataclass(frozen=True, slots=True)
class Box:
    """One recycler box as the configuration knows it."""

    device: DeviceId
    number: int
    denomination: Denomination


@dataclass(frozen=True, slots=True)
class BoxesSettings:
    """What is common to all boxes. `lost_after_s`: a payout is UNKNOWN when the device has been silent for so long;
    `stall_s`: a payout that does not move for so long is stopped (4D), a note in the bezel aside."""

    boxes: tuple[Box, ...] = ()
    low_below: int = 10
    high_from: int = 80
    lost_after_s: float = 10.0
    stall_s: float = 60.0


class Boxes:
    """What the boxes are and hold. Events: HopperRead. paying.py has what goes out of them."""

    def __init__(self, settings: BoxesSettings, line: Line) -> None:
        self.settings = settings
        self.identity = ""
        self.is_ready = False
        """The counts have been read since it came, and can be read at any time."""
        self._line = line
        self._counts: dict[int, int] = {}
        self._published: dict[int, HopperRead] = {}
        self._unfit: set[int] = set()
        """Boxes that recycle another note than the configuration says."""
        self._arrived: set[int] = set()

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return tuple(box.device for box in self.settings.boxes)

    # --- coming and going
    # ----------------------------------------------------------------------------------------------------------

    def bring_up(self, types: Mapping[int, NoteType], identity: str, *, is_full: bool) -> tuple[Step, ...]:
        """What is asked before the boxes count as here. Not `is_full`: the device only wants to be reset, and what it
        tells before that is evidence; nothing is set."""
        if not self.settings.boxes:
            return ()
        self.identity = identity

        def on_recycled(data: bytes, now: float) -> Events:
            return self._check_currency(parse_recycled(data), types, now)

        check = (self._count_step(), recycler_question(Extended.GET_CURRENCY, on_recycled, nothing))
        last = recycler_question(Extended.GET_COUNT, self._on_here, self._on_absent if is_full else nothing)
        return (*(check if is_full else ()), last)

    def went_away(self, code: str, _now: float) -> Events:
        self.is_ready = False
        self._published.clear()
        self._arrived.clear()
        return [DeviceLost(device, code) for device in self.devices]

    def _check_currency(
        self, found: dict[int, frozenset[int]], types: Mapping[int, NoteType], _now: float
    ) -> Events:
        """A box recycles what the configuration says. An empty one is set to it; a full one is never renamed."""
        wrong = [box for box in self.settings.boxes if not _holds(box, found, types)]
        if not wrong or any(self._counts.get(box.number, 1) for box in wrong):
            self._unfit = {box.number for box in wrong}
            return []
        wanted = {
            box.number: {code for code, kind in types.items() if kind.denomination is box.denomination}
            for box in self.settings.boxes
        }
        request = extended(Extended.SET_CURRENCY, recycled(wanted))

        def echoed(frame: object, _when: float) -> Events:
            if frame != request:
                raise PeerProtocolError("id003: not the echo")
            return []

        def on_set(data: bytes, _when: float) -> Events:
            again = parse_recycled(data)
            self._unfit = {box.number for box in self.settings.boxes if not _holds(box, again, types)}
            return []

        for step in (
            recycler_question(Extended.GET_CURRENCY, on_set, nothing),
            Step(request, echoed, nothing),
        ):
            self._line.steps.appendleft(step)
        return []

    def _on_here(self, data: bytes, now: float) -> Events:
        self._counts = parse_counts(data)
        self.is_ready = True
        events: list[Event] = []
        for box in self.settings.boxes:
            if box.number in self._unfit:
                self._arrived.discard(box.number)
                self._published.pop(box.number, None)
                events.append(DeviceLost(box.device, "wrong-note"))
                continue
            if box.number not in self._arrived:
                self._arrived.add(box.number)
                events.append(DeviceArrived(box.device, self.identity))
            events.append(self._publish(box))
        return [*events, *self._on_counts_known(now)]

    def _on_absent(self, _now: float) -> Events:
        return [DeviceLost(device, "no-recycler") for device in self.devices]

    # --- reading
    # ----------------------------------------------------------------------------------------------------------

    def _count_step(self, then: Callable[[float], Events] | None = None, topic: str = "") -> Step:
        def on_counts(data: bytes, now: float) -> Events:
            self._counts = parse_counts(data)
            return then(now) if then is not None else []

        return recycler_question(
            Extended.GET_COUNT, on_counts, self._on_uncounted, topic, is_optional=not topic
        )

    def _on_uncounted(self, now: float) -> Events:
        """It does not tell its counts any more."""
        raise NotImplementedError

    def _on_counts_known(self, now: float) -> Events:
        """The counts can be read from now on."""
        raise NotImplementedError

    def _publish_all(self, _now: float) -> Events:
        return [self._publish(box) for box in self.settings.boxes if box.number not in self._unfit]

    def _publish(self, box: Box) -> HopperRead:
        count = self._counts[box.number]
        is_low, is_high = count < self.settings.low_below, count >= self.settings.high_from
        self._published[box.number] = HopperRead(
            box.device, box.denomination, self.identity, count, NO_LIFETIME, is_low, is_high, count
        )
        return self._published[box.number]

    def unit_of(self, destination: int | None) -> DeviceId | None:
        """The device id of a box by its number; None: it is not one of ours."""
        return next((box.device for box in self.settings.boxes if box.number == destination), None)

    def _box(self, device: DeviceId) -> Box:
        return next(box for box in self.settings.boxes if box.device == device)


def _holds(box: Box, found: Mapping[int, frozenset[int]], types: Mapping[int, NoteType]) -> bool:
    """Only notes of this face are recycled in that box, and some are."""
    faces = {types[code].denomination if code in types else None for code in found.get(box.number, ())}
    return faces == {box.denomination}
