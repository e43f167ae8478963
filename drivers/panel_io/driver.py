"""A network signal tower as the light that calls staff. One thread; one connection for one question.

Codes of DeviceLost: `no-port` (refused or unreachable), `no-answer` (in time), `protocol`, `refused` (NAK: another
mode, another product).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from drivers.panel_io import codec
from drivers.transport.queued import QueuedDriver, Room
from kiosk.clock import Clock, SystemClock
from kiosk.errors import ConfigError, DeviceTimeout, DeviceUnavailable, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ports import DeviceArrived, DeviceLost, Event, SetSignal

_ANSWER_MAX: Final = 64
_PATTERNS: Final = {"off": codec.OUT, "called": codec.BLINKING, "coming": codec.ON}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From the machine's file."""

    host: str
    port: int = codec.PORT
    product: str = "AB"
    """Product category in each request."""
    light: str = "amber"
    has_buzzer: bool = True
    buzzer_s: float = 4.0
    """It rings so long for a call, then the light alone goes on."""
    answer_timeout_s: float = 2.0
    poll_s: float = 5.0

    def __post_init__(self) -> None:
        if self.light not in codec.LIGHTS:
            raise ValueError(f"light is one of {', '.join(codec.LIGHTS)}")
        if len(self.product.encode("ascii", "replace")) != 2:
            raise ValueError("product is two letters")
        if self.poll_s <= 0 or self.answer_timeout_s <= 0 or not 0 <= self.buzzer_s <= 60:
            raise ValueError("poll_s and answer_timeout_s are above 0, buzzer_s is 0 to 60")


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> TowerDriver:
    """Driver factory. ConfigError for an option that is unknown or of the wrong kind."""
    try:
        return TowerDriver(device, msgspec.convert(dict(options), Settings), post)
    except (msgspec.ValidationError, ValueError) as why:
        raise ConfigError(f"{device}: {why}") from None


class TowerDriver(QueuedDriver[SetSignal]):
    """kiosk.ports.Driver of one tower."""

    takes = (SetSignal,)

    def __init__(self, device: DeviceId, settings: Settings, post: Callable[[Event], None]) -> None:
        super().__init__(device, post, min(settings.poll_s, settings.buzzer_s or settings.poll_s))
        self._settings = settings

    def _open(self) -> Room[SetSignal]:
        return _TowerRoom(self._device, self._settings, self._post)


class _TowerRoom(Room[SetSignal]):
    """What is wanted is kept, and told again to a tower that comes back."""

    def __init__(
        self,
        device: DeviceId,
        settings: Settings,
        post: Callable[[Event], None],
        clock: Clock | None = None,
    ) -> None:
        self._device = device
        self._settings = settings
        self._post = post
        self._clock = clock or SystemClock()
        self._state = "off"
        self._rings_until_s = 0.0
        self._is_told = False
        self._code: str | None = "?"
        """Why it is away; None: it is there; `?`: nobody has asked yet."""

    def perform(self, command: SetSignal) -> None:
        if command.state == "called" and self._state != "called":
            self._rings_until_s = self._clock.monotonic_s() + self._settings.buzzer_s
        self._state = command.state
        self._is_told = False
        self._try(self._tell)

    def read(self) -> None:
        self._try(self._ask)

    def close(self) -> None:
        """The last word: a light of a machine that is off calls nobody."""
        self._state = "off"
        self._try(self._tell)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except DeviceUnavailable:
            self._gone("no-port")
        except DeviceTimeout:
            self._gone("no-answer")
        except PeerProtocolError:
            self._gone("protocol")
        else:
            if self._code is not None:
                self._code = None
                self._post(DeviceArrived(self._device, f"PNS signal tower {self._settings.product}"))

    def _gone(self, code: str) -> None:
        self._is_told = False
        if self._code != code:
            self._code = code
            self._post(DeviceLost(self._device, code))

    def _ask(self) -> None:
        """Is it there, and does it show what it should?"""
        shown = codec.read_state(self._exchange(codec.request(self._product, codec.READ), 6))
        wanted = self._wanted()
        lights = zip(wanted.lights, shown.lights, strict=True)
        is_right = all(want in (codec.AS_IT_IS, has) for want, has in lights)
        if not self._is_told or not is_right or wanted.buzzer not in (codec.AS_IT_IS, shown.buzzer):
            self._tell()

    def _tell(self) -> None:
        answer = self._exchange(codec.set_request(self._product, self._wanted()), 1)
        if not codec.is_taken(answer):
            raise PeerProtocolError("pns: refused")
        self._is_told = True

    def _wanted(self) -> codec.Tower:
        buzzer = codec.AS_IT_IS
        if self._settings.has_buzzer:
            rings = self._state == "called" and self._clock.monotonic_s() < self._rings_until_s
            buzzer = codec.RINGING if rings else codec.SILENT
        return codec.with_light(self._settings.light, _PATTERNS[self._state], buzzer)

    @property
    def _product(self) -> bytes:
        return self._settings.product.encode("ascii")

    def _exchange(self, request: bytes, length: int) -> bytes:
        """One connection; an answer of `length` bytes, or a single NAK."""
        limit_s = self._settings.answer_timeout_s
        try:
            with socket.create_connection((self._settings.host, self._settings.port), limit_s) as line:
                line.settimeout(limit_s)
                line.sendall(request)
                answer = b""
                while len(answer) < length and answer != bytes([codec.NAK]):
                    part = line.recv(_ANSWER_MAX)
                    if not part:
                        break
                    answer += part
        except TimeoutError:
            raise DeviceTimeout("pns: no answer in time") from None
        except OSError as error:
            raise DeviceUnavailable(f"pns: errno {error.errno}") from None
        return answer
