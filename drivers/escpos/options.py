"""What a machine's file may say about a receipt printer."""

from __future__ import annotations

import msgspec


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """README.md explains each."""

    port: str
    baud: int = 115200
    parity: str = "N"
    fonts: str = "/usr/share/fonts"
    poll_s: float = 2.0
    answer_timeout_s: float = 0.5
    print_timeout_s: float = 30.0
    cut_feed_dots: int = 24
