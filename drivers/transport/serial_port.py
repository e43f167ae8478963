"""A serial line: a device node (`/dev/serial/by-id/...`) or `socket://host:port`. Only here is pyserial.

pyserial sets the line up (speed, parity, lock); bytes are moved by poll(2) on its descriptor, so that both
kinds of line behave the same and a read returns whatever is there.
"""

from __future__ import annotations

import fcntl
import os
import select
import termios
from typing import Any

from kiosk.clock import SystemClock
from kiosk.errors import DeviceTimeout, DeviceUnavailable

_CHUNK = 4096


class SerialPort:
    """An open line, ours alone. Any verb may raise DeviceUnavailable: then close and open anew."""

    def __init__(self, line: Any, address: str) -> None:
        self._line = line
        self._address = address
        self._clock = SystemClock()

    def read(self, timeout_s: float) -> bytes:
        """What has come; waits up to `timeout_s` for the first byte; b"" when none came."""
        if not self._wait(select.POLLIN, timeout_s):
            return b""
        try:
            data = os.read(self._line.fileno(), _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise DeviceUnavailable(f"serial line went away: {self._address} ({error.errno})") from None
        if not data:  # readable and empty is how a pulled cable or a closed peer reads
            raise DeviceUnavailable(f"serial line went away: {self._address}")
        return data

    def write(self, data: bytes, timeout_s: float = 1.0) -> None:
        """Hand all bytes to the line. DeviceTimeout when it does not take them all (flow control)."""
        deadline = self._clock.monotonic_s() + timeout_s
        left = memoryview(data)
        while left:
            if not self._wait(select.POLLOUT, deadline - self._clock.monotonic_s()):
                raise DeviceTimeout(f"serial line takes no bytes: {self._address}")
            try:
                left = left[os.write(self._line.fileno(), left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise DeviceUnavailable(f"serial line went away: {self._address} ({error.errno})") from None

    def discard_input(self) -> None:
        """Throw away what has come and was not read."""
        while self.read(0.0):
            pass

    def close(self) -> None:
        """Give the line back. May be called twice."""
        socket = getattr(self._line, "_socket", None)
        self._line.close()
        if socket is not None:
            socket.close()  # pyserial leaves it open where the other end hung up first

    def _wait(self, what: int, timeout_s: float) -> bool:
        poll = select.poll()
        try:
            poll.register(self._line.fileno(), what)
        except (OSError, TypeError, ValueError):  # closed by us meanwhile
            raise DeviceUnavailable(f"serial line is closed: {self._address}") from None
        ready = poll.poll(max(0.0, timeout_s) * 1000)
        if ready and not ready[0][1] & what:
            raise DeviceUnavailable(f"serial line went away: {self._address}")
        return bool(ready)


def open_serial(address: str, *, baud: int = 9600, parity: str = "N", stop_bits: int = 1) -> SerialPort:
    """Open `address` for us alone; DeviceUnavailable when it is not there, not ours, or someone else has it.

    `parity`: `N`, `E` or `O`. A pty refuses parity; `socket://` ignores all settings.
    """
    import serial  # noqa: PLC0415  # late: the core is ready before any line is

    try:
        line = serial.serial_for_url(
            address, baudrate=baud, parity=parity, stopbits=stop_bits, timeout=0, exclusive=True
        )
    except (OSError, ValueError, termios.error) as error:  # SerialException is an OSError
        raise DeviceUnavailable(f"serial line cannot be opened: {address} ({_code(error)})") from None
    if not address.startswith("socket://"):
        _shut_others_out(line, address)
    return SerialPort(line, address)


def _shut_others_out(line: Any, address: str) -> None:
    """flock (by pyserial) keeps our own kind out; TIOCEXCL keeps out all but root, flock or no flock."""
    try:
        fcntl.ioctl(line.fileno(), termios.TIOCEXCL)
    except OSError as error:
        line.close()
        raise DeviceUnavailable(f"serial line cannot be held: {address} ({error.errno})") from None


def _code(error: Exception) -> str:
    number = getattr(error, "errno", None) or (error.args[0] if isinstance(error, termios.error) else None)
    return str(number) if isinstance(number, int) else type(error).__name__
