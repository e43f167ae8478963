"""The options of a ccTalk bus, as the machine's configuration writes them; an unknown or missing one is
refused. Pure.

    {"port": "/dev/serial/by-id/…", "echo": true,
     "acceptor": {"id": "coin1", "address": 2},
     "hoppers": [{"id": "hopper100", "address": 5, "denomination": "coin100"}, …]}
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, TypeVar

from drivers.cctalk.acceptor import CASHBOX, AcceptorSettings
from drivers.cctalk.codec import Checksum
from drivers.cctalk.device import Settings
from drivers.cctalk.hopper import HopperSettings
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId
from kiosk.money import Denomination

T = TypeVar("T")
_REQUIRED = object()

Cipher = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Bus:
    """One wire and what hangs on it."""

    port: str
    baud: int
    echo: bool
    reply_timeout_s: float
    acceptor: tuple[Settings, AcceptorSettings] | None
    hoppers: tuple[tuple[Settings, HopperSettings], ...]


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

    def table(self, name: str, default: Mapping[str, Any]) -> Mapping[str, Any]:
        value = self._left.pop(name, default)
        if not isinstance(value, Mapping):
            raise ConfigError(f"{self._where}: {name} is not a table")
        return value

    def end(self) -> None:
        if self._left:
            raise ConfigError(f"{self._where}: unknown option {sorted(self._left)[0]}")


def read_options(name: DeviceId, table: Mapping[str, Any]) -> Bus:
    """The bus that these options describe; ConfigError names the option that is wrong."""
    options = _Options(str(name), table)
    hoppers = tuple(
        _hopper(f"{name}: hopper {at + 1}", each) for at, each in enumerate(options.take("hoppers", list, []))
    )
    acceptor_table = options.table("acceptor", {})
    bus = Bus(
        port=options.take("port", str),
        baud=options.take("baud", int, 9600),
        echo=options.take("echo", bool, True),
        reply_timeout_s=options.take("reply_timeout_s", float, 0.2),
        acceptor=_acceptor(f"{name}: acceptor", acceptor_table, hoppers) if acceptor_table else None,
        hoppers=hoppers,
    )
    options.end()
    _refuse_twins(name, bus)
    return bus


def _common(options: _Options) -> Settings:
    try:
        checksum = Checksum(options.take("checksum", str, "sum8"))
    except ValueError:
        raise ConfigError("cctalk: checksum is `sum8` or `crc16`") from None
    address = options.take("address", int)
    if not 2 <= address <= 255:
        raise ConfigError("cctalk: address is 2 to 255")
    return Settings(
        device=DeviceId(options.take("id", str)),
        address=address,
        checksum=checksum,
        serial=options.take("serial", str, ""),
        retry_s=options.take("retry_s", float, 1.0),
    )


def _hopper(where: str, table: object) -> tuple[Settings, HopperSettings]:
    options = _Options(where, table)
    common = _common(options)
    try:
        denomination = Denomination(options.take("denomination", str))
    except ValueError:
        raise ConfigError(f"{where}: denomination is not a face of money") from None
    cipher = options.take("cipher", str, "")
    settings = HopperSettings(
        denomination=denomination,
        cipher=_cipher(where, cipher) if cipher else None,
        nonce=lambda: secrets.token_bytes(8),
        lost_after_s=options.take("lost_after_s", float, 10.0),
        stall_s=options.take("stall_s", float, 60.0),
    )
    options.end()
    return common, settings


def _acceptor(
    where: str, table: object, hoppers: tuple[tuple[Settings, HopperSettings], ...]
) -> tuple[Settings, AcceptorSettings]:
    """Sorter paths by default: 1 is the cash box, 2 and up are the hoppers in the order of their list."""
    options = _Options(where, table)
    common = _common(options)
    default = {"1": CASHBOX, **{str(at + 2): hopper.device for at, (hopper, _) in enumerate(hoppers)}}
    paths = options.table("paths", default)
    poll_s = options.take("poll_s", float, 0.1)
    settle_s = options.take("settle_s", float, 0.15)
    options.end()
    if not 0.02 <= poll_s <= 0.5:
        raise ConfigError(f"{where}: poll_s is 0.02 to 0.5: the device closes itself after 1 s")
    try:
        named = {int(path): DeviceId(str(unit)) for path, unit in paths.items()}
    except ValueError:
        raise ConfigError(f"{where}: a sorter path is a number") from None
    return common, AcceptorSettings(named, poll_s=poll_s, settle_s=settle_s)


def _cipher(where: str, name: str) -> Cipher:
    """`plain` sends the device's own key back (devices sold as no-encrypt). Makers' algorithms are under NDA
    and join through the entry point group `madoguchi.cctalk_ciphers`."""
    if name == "plain":
        return bytes
    for point in entry_points(group="madoguchi.cctalk_ciphers", name=name):
        found: Cipher = point.load()
        return found
    raise ConfigError(f"{where}: no cipher of this name")


def _refuse_twins(name: DeviceId, bus: Bus) -> None:
    common = [settings for settings, _ in bus.hoppers] + ([bus.acceptor[0]] if bus.acceptor else [])
    if not common:
        raise ConfigError(f"{name}: no device on the bus")
    if len({each.address for each in common}) < len(common) or len({each.device for each in common}) < len(
        common
    ):
        raise ConfigError(f"{name}: two devices with one address or one id")
