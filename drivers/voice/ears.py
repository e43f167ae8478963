"""Is somebody listening who alone hears it? The headphone jack and the handset's hook, as Linux tells of them.

Both are input devices (evdev): ALSA's drivers report a jack as `SW_HEADPHONE_INSERT` (sound/core/jack.c), a hook switch
on a GPIO is a `gpio-keys` node with a switch or key of its own. A device that is not there is looked for again; until
then nobody has plugged anything in. A descriptor that only carries `input_event` will do (tests, demo).
"""

from __future__ import annotations

import errno
import fcntl
import os
import selectors
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.messages import Message, say

EVENT: Final = struct.Struct("llHHi")
"""struct input_event on 64-bit machines: seconds, microseconds, type, code, value."""
EV_KEY, EV_SW = 0x01, 0x05
SW_HEADPHONE_INSERT: Final = 0x02
_KINDS: Final = {"sw": EV_SW, "key": EV_KEY}
_AT_ONCE: Final = 64
LOOK_AGAIN_S: Final = 2.0


def _eviocgsw(size: int) -> int:
    """EVIOCGSW(len) of linux/input.h: _IOC(_IOC_READ, 'E', 0x1b, len)."""
    return (2 << 30) | (size << 16) | (ord("E") << 8) | 0x1B


def _eviocgkey(size: int) -> int:
    """EVIOCGKEY(len): _IOC(_IOC_READ, 'E', 0x18, len)."""
    return (2 << 30) | (size << 16) | (ord("E") << 8) | 0x18


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch: which device, which kind and code, and whether 0 means on."""

    path: Path
    kind: int = EV_SW
    code: int = SW_HEADPHONE_INSERT
    is_inverted: bool = False


def read_switch(text: str) -> Switch:
    """`PATH`, `PATH:sw:2`, `PATH:key:169`, with `:inverted` at the end where 0 means on. ValueError otherwise."""
    path, *rest = text.split(":")
    is_inverted = rest[-1:] == ["inverted"]
    rest = rest[:-1] if is_inverted else rest
    if not rest:
        return Switch(Path(path), is_inverted=is_inverted)
    if len(rest) != 2 or rest[0] not in _KINDS or not rest[1].isdecimal() or int(rest[1]) > 0x2FF:
        raise ValueError("PATH, PATH:sw:CODE or PATH:key:CODE is expected")
    return Switch(Path(path), _KINDS[rest[0]], int(rest[1]), is_inverted)


def changes(switch: Switch, events: bytes) -> list[bool]:
    """What whole events say of this switch, in order; others are nothing. Bytes after the last whole event are not
    looked at: the kernel writes whole ones."""
    found = []
    for at in range(0, len(events) - EVENT.size + 1, EVENT.size):
        _, _, kind, code, value = EVENT.unpack_from(events, at)
        if (kind, code) == (switch.kind, switch.code) and value in (0, 1):
            found.append(bool(value) is not switch.is_inverted)
    return found


def state_now(switch: Switch, fd: int) -> bool | None:
    """As the kernel has it; None where the descriptor is no input device."""
    size = (switch.code // 64 + 1) * 8
    ask = _eviocgsw(size) if switch.kind == EV_SW else _eviocgkey(size)
    buffer = bytearray(size)
    try:
        fcntl.ioctl(fd, ask, buffer)
    except OSError as why:
        if why.errno in (errno.ENOTTY, errno.EINVAL):
            return None
        raise
    is_set = bool(buffer[switch.code // 8] >> (switch.code % 8) & 1)
    return is_set is not switch.is_inverted


class SwitchWatch:
    """`changed()` after each change of `is_on`. Everything happens in the selector's thread."""

    def __init__(self, switch: Switch, selector: selectors.BaseSelector, changed: Callable[[], None]) -> None:
        self.is_on = False
        self._switch = switch
        self._selector = selector
        self._changed = changed
        self._fd: int | None = None

    @property
    def is_there(self) -> bool:
        return self._fd is not None

    def look(self) -> None:
        """Open it, if it is there now."""
        if self._fd is not None:
            return
        try:
            fd = os.open(self._switch.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return
        try:
            now = state_now(self._switch, fd)
        except OSError:
            os.close(fd)
            return
        self._fd = fd
        self._selector.register(fd, selectors.EVENT_READ, self._read)
        if now is not None:
            self._set(now)

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            self._selector.unregister(fd)
            os.close(fd)

    def _read(self) -> None:
        if self._fd is None:
            return
        try:
            events = os.read(self._fd, EVENT.size * _AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            events = b""
        if not events:
            say(Message.DEVICE_LOST, device="voice", why="a jack or handset is gone")
            self.close()
            self._set(False)
        for is_on in changes(self._switch, events):
            self._set(is_on)

    def _set(self, is_on: bool) -> None:
        if is_on is not self.is_on:
            self.is_on = is_on
            self._changed()
