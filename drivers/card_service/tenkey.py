"""The marked ten-key beside the screen: its digits are born in the card process and never leave it.

Linux evdev (Documentation/input/input.rst): `struct input_event`, 24 bytes on 64-bit machines. The device is opened and
grabbed (EVIOCGRAB) while a slot is open and closed with it, so nobody else reads it then, and what was pressed before
is not in it. Outside goes only how many digits there are.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import fcntl
import os
import selectors
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from kiosk.ipc.secret_slot import SECRET_MAX
from kiosk.messages import Message, say

EVIOCGRAB: Final = 0x40044590
"""_IOW('E', 0x90, int) of linux/input.h."""

EVENT: Final = struct.Struct("llHHi")
"""Seconds, microseconds, type, code, value."""

_EV_SYN, _EV_KEY, _SYN_DROPPED, _DOWN = 0x00, 0x01, 3, 1
_EVENTS_AT_ONCE: Final = 64


class Press(enum.Enum):
    """A key that is not a digit."""

    ENTER = "enter"
    DROP = "drop"
    """訂正: one digit back."""
    CLEAR = "clear"
    """取消: all digits back."""
    LOST = "lost"
    """The kernel dropped events: what is held cannot be trusted."""


# linux/input-event-codes.h: the number pad, and the row above the letters for keys that are wired as a keyboard's.
_PAD: Final = (82, 79, 80, 81, 75, 76, 77, 71, 72, 73)
_ROW: Final = (11, 2, 3, 4, 5, 6, 7, 8, 9, 10)
_DIGITS: Final = {code: digit for codes in (_PAD, _ROW) for digit, code in enumerate(codes)}
_PRESSES: Final = {
    28: Press.ENTER,  # KEY_ENTER
    96: Press.ENTER,  # KEY_KPENTER
    14: Press.DROP,  # KEY_BACKSPACE
    83: Press.DROP,  # KEY_KPDOT
    111: Press.DROP,  # KEY_DELETE
    1: Press.CLEAR,  # KEY_ESC
    69: Press.CLEAR,  # KEY_NUMLOCK: the top left key of a bare pad
}


def decode(events: bytes | bytearray | memoryview) -> Iterator[int | Press]:
    """Digits 0 to 9 and presses, in order; releases, repeats and other keys are nothing. Bytes after the last whole
    event are not looked at: the kernel writes whole ones.
    """
    for at in range(0, len(events) - EVENT.size + 1, EVENT.size):
        _, _, kind, code, value = EVENT.unpack_from(events, at)
        if kind == _EV_SYN and code == _SYN_DROPPED:
            yield Press.LOST
        elif kind == _EV_KEY and value == _DOWN:
            if code in _DIGITS:
                yield _DIGITS[code]
            elif code in _PRESSES:
                yield _PRESSES[code]


class TenKey:
    """Holds what is typed while a slot is open. `changed(count)` after every change; `entered()` for the enter key."""

    def __init__(self, path: Path, selector: selectors.BaseSelector, must_grab: bool = True) -> None:
        """`must_grab` False: a descriptor that only carries `input_event` (tests, demo) will do."""
        self.changed: Callable[[int], None] = lambda _: None
        self.entered: Callable[[], None] = lambda: None
        self.count = 0
        self._path = path
        self._selector = selector
        self._must_grab = must_grab
        self._digits = bytearray(SECRET_MAX)
        self._most = 0
        self._fd: int | None = None

    def begin(self, most: int) -> None:
        """A slot for at most so many digits is open. A pad that is not there, or not ours alone, is not used: the
        screen has one too.
        """
        self.end()
        self._most = min(most, SECRET_MAX)
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as why:
            say(Message.TEN_KEY_ABSENT, while_="not there", why=_name(why))
            return
        try:
            fcntl.ioctl(fd, EVIOCGRAB, 1)
        except OSError as why:
            is_no_input_device = why.errno in (errno.ENOTTY, errno.EINVAL)
            if self._must_grab or not is_no_input_device:
                say(Message.TEN_KEY_ABSENT, while_="not ours alone", why=_name(why))
                os.close(fd)
                return
        self._drain(fd)
        self._fd = fd
        self._selector.register(fd, selectors.EVENT_READ, self._read)

    def _drain(self, fd: int) -> None:
        """What was pressed before the slot was open is not for it."""
        buffer = bytearray(EVENT.size * _EVENTS_AT_ONCE)
        with contextlib.suppress(OSError):
            while os.readv(fd, [buffer]):
                pass
        buffer[:] = bytes(len(buffer))

    def end(self) -> None:
        """The slot is over: nothing is held, and the pad is let go (closing it ends the grab)."""
        self._wipe()
        fd, self._fd = self._fd, None
        if fd is not None:
            self._selector.unregister(fd)
            os.close(fd)

    def take(self) -> bytearray:
        """The digits, to be wiped by whoever takes them; here they are gone."""
        taken = self._digits[: self.count]
        self._wipe()
        return taken

    def _read(self) -> None:
        buffer = bytearray(EVENT.size * _EVENTS_AT_ONCE)
        fd = self._fd
        if fd is None:
            return
        try:
            size = os.readv(fd, [buffer])
            if size == 0:
                self._gone()
            for each in decode(memoryview(buffer)[:size]):
                self._press(each)
                if self._fd is None:  # the slot ended with this key
                    return
        except BlockingIOError:
            return
        except OSError:
            self._gone()
        finally:
            buffer[:] = bytes(len(buffer))

    def _press(self, press: int | Press) -> None:
        before = self.count
        match press:
            case Press.ENTER:
                self.entered()
                return
            case Press.DROP if self.count:
                self.count -= 1
                self._digits[self.count] = 0
            case Press.CLEAR | Press.LOST:
                self._wipe()
            case int(digit) if self.count < self._most:
                self._digits[self.count] = 0x30 + digit
                self.count += 1
        if self.count != before:
            self.changed(self.count)

    def _gone(self) -> None:
        say(Message.TEN_KEY_ABSENT, while_="gone", why="unplugged")
        was_there = self.count
        self.end()
        if was_there:
            self.changed(0)

    def _wipe(self) -> None:
        self._digits[:] = bytes(len(self._digits))
        self.count = 0


def _name(why: OSError) -> str:
    return errno.errorcode.get(why.errno or 0, "?")
