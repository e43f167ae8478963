"""One virtual card that lies on a reader: power, commands, and the faults that were asked for.

`VirtualCard.transmit` is also a `Connection` (drivers.jpki.apdu), so that a session can be tested over the
card in the same process, without a reader.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from drivers.jpki.apdu import Command, Ins, Response, Sw, decode_command, described
from drivers.jpki.sim.commands import Interpreter
from drivers.jpki.sim.filesystem import Image, Memory
from kiosk.errors import DeviceTimeout, DeviceUnavailable, PeerProtocolError


class Answers(Protocol):
    """What a chip does with a command; `reset` is its power."""

    def reset(self) -> None: ...

    def answer(self, command: Command) -> Response: ...


class Vanished(Exception):  # noqa: N818  # an asked-for event
    """The card was pulled in the middle of this command."""


class Silent(Exception):  # noqa: N818  # an asked-for event
    """The card does not answer this command."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to go wrong at the n-th command since power-on (1 = the first), or at every signature (n =
    0).
    """

    kind: str
    at: int = 0
    sw: int = 0


FAULTS = ("vanish-at", "wrong-sw", "truncate", "mute-at", "bad-signature")


def fault(kind: str, at: str = "0", sw: str = "6F00") -> Fault:
    """From the words of a control request. ValueError for unknown words."""
    if kind not in FAULTS:
        raise ValueError(f"no such fault: {kind}; there are {', '.join(FAULTS)}")
    return Fault(kind, int(at), int(sw, 16))


class VirtualCard:
    """Answers bytes with bytes. One client at a time; `faults` may be changed from another thread."""

    def __init__(
        self,
        image: Image,
        memory: Memory,
        is_lenient: bool = False,
        faults: tuple[Fault, ...] = (),
        answers: Answers | None = None,
    ) -> None:
        """`answers`: of a card that is no My Number Card."""
        self.image = image
        self.atr = image.atr
        self.memory = memory
        self.faults = faults
        self.commands: list[str] = []
        """What came since power-on, for benchmarks: the header, and lengths instead of data."""
        self.bytes_carried = 0
        self._interpreter = answers or Interpreter(image, memory, is_lenient)

    def power(self) -> None:
        """On, off or reset: the card forgets what was selected and verified; its counters stay."""
        self._interpreter.reset()

    def answer(self, raw: bytes) -> bytes:
        """The card's response. Vanished and Silent when a fault says so."""
        try:
            command = decode_command(raw)
        except PeerProtocolError:
            return Response(b"", Sw.WRONG_LENGTH).encode()
        self.commands.append(described(command))
        response = self._with_faults(command).encode()
        self.bytes_carried += len(raw) + len(response)
        return response

    def _with_faults(self, command: Command) -> Response:
        count = len(self.commands)
        due = [each for each in self.faults if each.at in (0, count)]
        for each in due:
            match each.kind:
                case "vanish-at":
                    raise Vanished
                case "mute-at":
                    raise Silent
                case "wrong-sw":
                    return Response(b"", each.sw)
        response = self._interpreter.answer(command)
        for each in due:
            match each.kind:
                case "truncate":
                    response = Response(response.data[: len(response.data) // 2], response.sw)
                case "bad-signature" if command.ins == Ins.PERFORM_SECURITY_OPERATION and response.data:
                    response = Response(response.data[:-1] + bytes([response.data[-1] ^ 1]), response.sw)
        return response

    def transmit(self, command: bytearray) -> bytes:
        """As drivers.jpki.apdu.Connection."""
        try:
            return self.answer(bytes(command))
        except Vanished:
            raise DeviceUnavailable("card: removed") from None
        except Silent:
            raise DeviceTimeout("card: no answer") from None
        finally:
            command[:] = bytes(len(command))


class Slow:
    """Waits before each answer, as a real card computes; a removal ends the wait."""

    def __init__(self, latency_s: float, removed: threading.Event) -> None:
        self._latency_s = latency_s
        self._removed = removed

    def __call__(self, answer: Callable[[bytes], bytes], raw: bytes) -> bytes:
        if self._latency_s and self._removed.wait(self._latency_s):
            raise Vanished
        return answer(raw)
