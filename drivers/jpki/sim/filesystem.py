"""What lies in the virtual card: applications with files, records, references (PINs) and keys."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

FREE: frozenset[int] = frozenset()
"""Access without any secret."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A transparent file. `access`: references any one of which opens it; FREE: none is needed."""

    data: bytes
    access: frozenset[int] = FREE


@dataclass(frozen=True, slots=True)
class Records:
    """A file of records, free to read."""

    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A secret with a counter; both live in the card's Memory under `name`. `is_approved`: it is not wanted now."""

    name: str
    is_approved: bool = False


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs after any one of `access` was verified."""

    key: RSAPrivateKey
    access: frozenset[int] = FREE


File = Binary | Records | Reference | PrivateKey


@dataclass(frozen=True, slots=True)
class Directory:
    """One application. `default_key`: what `80 2A … 00` uses."""

    aid: bytes
    files: dict[int, File]
    default_key: int | None = None

    def by_short_id(self, short_id: int) -> int | None:
        """The file whose identifier ends in these five bits (facts/card.md §1.1)."""
        return next((each for each in self.files if each & 0x1F == short_id), None)


@dataclass(frozen=True, slots=True)
class Image:
    """The whole card: its answer to reset, its applications, its data objects."""

    atr: bytes
    directories: dict[bytes, Directory]
    data_objects: dict[int, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Secret:
    """A reference's value and counter. `is_dead`: it never opens, whatever is presented."""

    value: str
    left: int
    most: int
    is_dead: bool = False


class Memory:
    """The part of a card that changes: secrets and their counters. Written before the card answers, so that
    pulling the plug of the simulator gives nobody a try back.
    """

    def __init__(self, secrets: dict[str, Secret], path: Path | None = None) -> None:
        self._secrets = secrets
        self._path = path

    @classmethod
    def load(cls, path: Path) -> Memory:
        plain = json.loads(path.read_text())
        return cls({name: Secret(**each) for name, each in plain["references"].items()}, path)

    def __getitem__(self, name: str) -> Secret:
        return self._secrets[name]

    def names(self) -> list[str]:
        return sorted(self._secrets)

    def save(self) -> None:
        """Durable when this returns."""
        if self._path is None:
            return
        plain = {
            name: {"value": each.value, "left": each.left, "most": each.most, "is_dead": each.is_dead}
            for name, each in self._secrets.items()
        }
        new = self._path.with_suffix(".new")
        new.touch(mode=0o600)
        with new.open("w", encoding="utf-8") as file:
            json.dump({"format": 1, "references": plain}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
