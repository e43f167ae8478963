"""Who lives in the town: the port to the town's register, and the adapter that reads the specimen's file.

A register is asked, never changed. `Resident` is one person as of now; what a certificate prints of it is
decided elsewhere (rules, paper).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

import msgspec


class Resident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person. Names carry their exact variation sequences; empty text and None mean "nothing
    recorded".
    """

    id: str
    household: str
    relation: str
    name: str
    kana: str
    birth: date
    sex: Literal["F", "M"]
    address: str
    resident_since: date
    resident_reason: str
    address_since: date
    notified_on: date
    my_number: str
    state: Literal["resident", "leaving", "moved_out", "dead"]
    is_protected: bool
    former_name: str = ""
    alias: str = ""
    previous_address: str = ""
    honseki: str = ""
    hittousha: str = ""
    nationality: str = ""
    class_30_45: str = ""
    residence_status: str = ""
    residence_period: str = ""
    residence_until: date | None = None
    residence_card: str = ""
    seal: str = ""

    @property
    def is_foreign(self) -> bool:
        return bool(self.nationality)

    @property
    def lives_here(self) -> bool:
        return self.state in {"resident", "leaving"}

    def age_on(self, day: date) -> int:
        """Completed years."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))


class ResidentRegister(Protocol):
    """The town's register."""

    def resident(self, resident: str) -> Resident | None:
        """The person of this id, also one who left or died; None for an unknown id."""

    def household(self, household: str) -> tuple[Resident, ...]:
        """Who lives in this household now, in the register's order (its head first)."""


class RegisterError(Exception):
    """A register's file cannot be used. Names file and line, never what stands there."""


class FileRegister:
    """A register in one CSV file, read whole: either all of it counts or none."""

    def __init__(self, file: Path) -> None:
        self._residents: dict[str, Resident] = {}
        self._households: dict[str, list[Resident]] = {}
        for resident in _read(file):
            if resident.id in self._residents:
                raise RegisterError(f"{file.name}: a resident id stands twice")
            self._residents[resident.id] = resident
            if resident.lives_here:
                self._households.setdefault(resident.household, []).append(resident)

    def resident(self, resident: str) -> Resident | None:
        return self._residents.get(resident)

    def household(self, household: str) -> tuple[Resident, ...]:
        return tuple(self._households.get(household, ()))

    def __iter__(self) -> Iterator[Resident]:
        return iter(self._residents.values())

    def __len__(self) -> int:
        return len(self._residents)


def _read(file: Path) -> Iterator[Resident]:
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines, strict=True), start=2):
            plain = {key: value for key, value in row.items() if value}
            plain["is_protected"] = {"yes": "true", "no": "false"}.get(row.get("is_protected") or "", "?")
            try:
                yield msgspec.convert(plain, Resident, strict=False)
            except msgspec.ValidationError:
                raise RegisterError(f"{file.name}: line {number} is not a resident") from None
