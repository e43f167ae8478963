"""Identifiers. Each is an opaque, unguessable or configured text; none is made from time or from a person."""

import secrets
from typing import NewType

TransactionId = NewType("TransactionId", str)
"""One resident's session from the first touch to the last paper. 128 random bits, hex."""

LineId = NewType("LineId", str)
"""One order line: one copy of one certificate. 128 random bits, hex."""

OpId = NewType("OpId", str)
"""One device operation (a dispense, a print). Reaches the device at most once."""

DeviceId = NewType("DeviceId", str)
"""The configured name of a device: `coin1`, `hopper100`, `certificate1`."""

SlotId = NewType("SlotId", str)
"""A single-use slot for a secret. 128 random bits, hex."""

KioskId = NewType("KioskId", str)
"""The enrolled name of this machine."""


def random_token() -> str:
    """128 bits from the operating system's generator, as 32 lower-case hex digits."""
    return secrets.token_hex(16)
