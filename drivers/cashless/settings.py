"""What a machine's file may say about a payment terminal."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """README.md explains each. All `_s` in seconds."""

    port: str
    """`tcp://host:port`."""
    poi: str
    """POIID of the terminal that belongs here."""
    sale: str
    """SaleID of this kiosk."""
    serial: str = ""
    """POISerialNumber that it must say; empty: any."""
    payment_s: float = 90.0
    resolve_s: float = 30.0
    quiet_s: float = 10.0
    reply_s: float = 5.0
    settle_s: float = 2.0
    status_every_s: float = 2.0
    diagnosis_every_s: float = 20.0
    retry_s: float = 2.0
