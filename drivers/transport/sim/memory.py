"""A cable without a kernel, on a clock that tests move: the production driver at one end, a simulator's wire at the
other, and time goes on only while the driver waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from kiosk.errors import DeviceUnavailable

_BYTE_S = 0.001
"""9600 bit/s: a byte takes a millisecond."""
_GAP_S = 0.05


class VirtualClock:
    """kiosk.clock.Clock. `now_s` is whatever it was set to."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def monotonic_s(self) -> float:
        return self.now_s

    def wall(self) -> datetime:
        return datetime(2026, 11, 20, 1, 24, tzinfo=UTC) + timedelta(seconds=self.now_s)


class MemoryPair:
    """Both ends in one object: the host's verbs (drivers/transport/line_thread.py: Port) and the simulator's
    (drivers/transport/pty.py: Line). `far` hears what the host writes. `watch` is called before each write and read of
    the host: it may raise, as a process dies."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.far: Callable[[bytes], None] = lambda _data: None
        self.watch: Callable[[str], None] = lambda _what: None
        self.is_cut = False
        """The cable is pulled."""
        self._to_host: deque[tuple[float, bytes]] = deque()
        self._late_s = 0.0
        self._written_at = 0.0

    # --- the host's end ----------------------------------------------------------------------------------------------

    def open(self, _address: str, **_settings: object) -> MemoryPair:
        """In place of `open_serial`."""
        self._must_be_there()
        self._to_host.clear()
        return self

    def read(self, timeout_s: float) -> bytes:
        self._must_be_there()
        self.watch("read")
        until = self._clock.now_s + timeout_s
        if self._to_host and self._to_host[0][0] <= until:
            at, data = self._to_host.popleft()
            self._clock.now_s = max(self._clock.now_s, at)
            return data
        self._clock.now_s = until
        return b""

    def write(self, data: bytes) -> None:  # the simulator's end has `say`
        self._must_be_there()
        self.watch("write")
        if self._clock.now_s - self._written_at > _GAP_S:
            self.far(b"")
        self._clock.now_s += len(data) * _BYTE_S
        self._written_at = self._clock.now_s
        self.far(data)
        self._late_s = 0.0

    def discard_input(self) -> None:
        self._must_be_there()
        while self._to_host and self._to_host[0][0] <= self._clock.now_s:
            self._to_host.popleft()

    def close(self) -> None:
        self._to_host.clear()

    def _must_be_there(self) -> None:
        if self.is_cut:
            raise DeviceUnavailable("serial line is pulled")

    # --- the simulator's end -----------------------------------------------------------------------------------------

    def say(self, data: bytes) -> None:
        at = self._clock.now_s + self._late_s + len(data) * _BYTE_S
        if self._to_host:
            at = max(at, self._to_host[-1][0])
        self._to_host.append((at, data))

    def pause(self, seconds: float) -> None:
        """What the simulator says from here on comes so much later."""
        self._late_s += seconds


class FarEnd:
    """drivers/transport/pty.py: Line, for the simulator at the end of a pair."""

    def __init__(self, pair: MemoryPair) -> None:
        self._pair = pair

    def read(self, timeout_s: float) -> bytes:
        raise NotImplementedError("the pair calls the wire")

    def write(self, data: bytes) -> None:
        self._pair.say(data)

    def close(self) -> None: ...
