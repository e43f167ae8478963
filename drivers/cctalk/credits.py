"""The arithmetic of buffered credits (header 229): which events are new, which are lost, which reset lies
between. Pure.

The device counts events 1 … 255, 1, 2 …; 0 only after a reset (SR5 p.5, X6 p.38). It tells the last five. We
count on for ever inside an *epoch*: from one reset, or one change of device, to the next. Events that are no
money count too, so `seq` and the device's counter move in step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.cctalk.messages import BUFFERED, CreditBuffer, CreditEvent, events_between
from kiosk.ids import DeviceId
from kiosk.ports import CreditMark


@dataclass(frozen=True, slots=True)
class Fresh:
    """One event that was not told before; `raw` is the device's counter at it."""

    seq: int
    raw: int
    event: CreditEvent


@dataclass(frozen=True, slots=True)
class Advance:
    """From one mark to the next. `is_new_epoch`: a reset or another device lies between, and what the device
    counted after our last reading and before that is unknown for ever. `lost` more events inside the epoch
    went untold."""

    mark: CreditMark
    fresh: tuple[Fresh, ...] = ()
    lost: int = 0
    is_new_epoch: bool = False


def begin(device: DeviceId, serial: str, buffer: CreditBuffer) -> CreditMark:
    """Where counting begins when nothing is known of earlier: what the device counted before is not ours."""
    return CreditMark(device, epoch=1, seq=0, raw=buffer.counter, serial=serial)


def advance(mark: CreditMark, serial: str, buffer: CreditBuffer) -> Advance:
    """What `buffer` tells beyond `mark`, each event once."""
    if serial != mark.serial:  # another device: its past is not ours, and the old one's end is out of reach
        raw = buffer.counter
        return Advance(CreditMark(mark.device, mark.epoch + 1, 0, raw, serial), is_new_epoch=True)
    if _was_reset(mark.raw, buffer):
        fresh_epoch = CreditMark(mark.device, mark.epoch + 1, 0, 0, serial)
        return replace(_count_on(fresh_epoch, buffer), is_new_epoch=True)
    return _count_on(mark, buffer)


def _count_on(mark: CreditMark, buffer: CreditBuffer) -> Advance:
    count = events_between(mark.raw, buffer.counter)
    told = min(count, BUFFERED)
    seq = mark.seq + count
    fresh = tuple(
        Fresh(seq - age, _earlier(buffer.counter, age), buffer.events[age]) for age in range(told - 1, -1, -1)
    )
    reached = CreditMark(mark.device, mark.epoch, seq, buffer.counter, mark.serial)
    return Advance(reached, fresh, lost=count - told)


def _was_reset(raw: int, buffer: CreditBuffer) -> bool:
    """A reset shows as 0, or as a jump to a small counter whose buffer has never been full since."""
    if buffer.counter == 0:
        return raw != 0
    if raw == 0 or events_between(raw, buffer.counter) <= BUFFERED or buffer.counter >= BUFFERED:
        return False
    return all(event == CreditEvent(0, 0) for event in buffer.events[buffer.counter :])


def _earlier(counter: int, by: int) -> int:
    """The counter `by` events ago."""
    return (counter - 1 - by) % 255 + 1
