"""Options of the changer driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kiosk.errors import ConfigError
from kiosk.ids import DeviceId


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`port`: `socket://host:port` or a device node. `lost_after_s`: without a word for so long, a payout is given up
    on: UNKNOWN."""

    port: str
    baud: int = 9600
    reply_timeout_s: float = 0.5
    poll_s: float = 0.2
    retry_s: float = 1.0
    lost_after_s: float = 10.0
    serial: str = ""
    """Expected; empty: any."""


def read_options(device: DeviceId, table: Mapping[str, Any]) -> Settings:
    """ConfigError for an option that is unknown or of the wrong type."""
    try:
        return msgspec.convert(dict(table), Settings)
    except msgspec.ValidationError as why:
        raise ConfigError(f"{device}: {why}") from None
