"""What transports are called, for those who must know one without being able to open it."""

from typing import Final

VIRTUAL_READER: Final = "Virtual PCD"
"""vsmartcard's reader: anybody who reaches its port can offer a card, so it must be allowed by name."""
