"""TOML texts that people wrote, with one value exchanged: comments and order stay theirs."""

from __future__ import annotations

import re

from kiosk.errors import ConfigError
from kiosk.strict_toml import key_lines


def with_value(source: str, key: tuple[str | int, ...], value: str) -> str:
    """The text with another value of this key. ConfigError: no such key, or the value is no TOML text of one line."""
    if not re.fullmatch(r'[^\x00-\x1f"\\]*', value):
        raise ConfigError("letters, digits and signs of one line are expected")
    known = key_lines(source)
    if key not in known:
        raise ConfigError(f"{'.'.join(map(str, key))}: missing")
    lines = source.splitlines()
    at = known[key] - 1
    lines[at] = re.sub(r'^(\s*\w+\s*=\s*)"[^"]*"', lambda found: f'{found[1]}"{value}"', lines[at])
    return "\n".join(lines) + "\n"
