"""What a machine's file may say about a code gateway."""

from __future__ import annotations

import msgspec

from drivers.qr.codec import Merchant


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """README.md explains each. All `_s` in seconds."""

    url: str
    store: str
    """The gateway's name of this shop; stands where a terminal's POIID stands."""
    key_file: str
    merchant: Merchant
    terminal: str = ""
    """Label of this machine in the code."""
    ca_file: str = ""
    payment_s: float = 120.0
    resolve_s: float = 30.0
    reply_s: float = 10.0
    poll_s: float = 1.0
    settle_s: float = 2.0
    health_every_s: float = 30.0
    retry_s: float = 5.0
