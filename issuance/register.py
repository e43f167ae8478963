"""Who lives in the town: the port to the town's register, and the adapter that reads the specimen's file.

A register is asked, never changed. `Resident` is one person as of now; what a certificate prints of it is
decided elsewhere (rules, paper).
"""

from __future__ import annotations

import csv
import hashlib
import re
import struct
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import msgspec
from msgspec import structs

from issuance.clock import SystemClock, town_day
from issuance.family import Family
from issuance.wareki import tax_year

T = TypeVar("T")


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
    is_updating: bool = False
    """A change of this person's own record is on its way (異動届, 外字 being registered): it would be on every paper of
    theirs. A notification to the 戸籍 is the family's (`Family.is_updating`) and stops papers of the 戸籍 alone."""

    @property
    def is_foreign(self) -> bool:
        return bool(self.nationality)

    @property
    def lives_here(self) -> bool:
        return self.state in {"resident", "leaving"}

    def age_on(self, day: date) -> int:
        """Completed years."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))


MEMBER = "member_"


def member_key(person: Resident) -> str:
    """The option of a household's paper that is about this person: the same whatever becomes of the household."""
    return MEMBER + hashlib.sha256(person.id.encode()).hexdigest()[:16]


class Seal(msgspec.Struct, frozen=True):
    """A registered impression (印影): a PNG, and how wide it is on paper."""

    png: bytes
    width_mm: float


class Tax(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person's residence tax of one fiscal year, in yen; `year` 2026 is 令和8年度, from the income of
    2025."""

    resident: str
    year: int
    salary_revenue: int
    salary_income: int
    pension_revenue: int
    misc_income: int
    business_income: int
    real_estate_income: int
    total_income: int
    social_insurance: int
    life_insurance: int
    earthquake_insurance: int
    medical: int
    spouse: int
    dependents: int
    disability: int
    basic: int
    total_deductions: int
    dependents_general: int
    dependents_specific: int
    dependents_elderly: int
    dependents_under_16: int
    taxable_income: int
    city_income_levy: int
    city_per_capita: int
    prefecture_income_levy: int
    prefecture_per_capita: int
    forest_tax: int
    total_tax: int


class Payment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one person owed of one tax in one fiscal year, and what of it is booked as paid, in yen."""

    resident: str
    year: int
    item: str
    """税目, as it is printed."""
    due: int
    paid: int
    not_yet: int = 0
    """Of the rest, what need not be paid yet (納期未到来額)."""

    @property
    def unpaid(self) -> int:
        """Overdue, or paid and not booked yet."""
        return self.due - self.paid - self.not_yet


AMOUNTS = Tax.__struct_fields__[2:]
"""What of it stands on the paper."""


class TaxYear(msgspec.Struct, frozen=True):
    """What the register holds of one person and one fiscal year."""

    year: int
    tax: Tax | None = None
    payments: tuple[Payment, ...] = ()


class Records(msgspec.Struct, frozen=True):
    """What else the town has about one person. `tax` and `payments` are of the newest tax year; `has_tax_year`: the tax
    of that year is in the register at all."""

    seal: Seal | None = None
    tax: Tax | None = None
    has_tax_year: bool = False
    payments: tuple[Payment, ...] = ()
    family: Family | None = None
    earlier: tuple[TaxYear, ...] = ()
    """Earlier years that the town issues papers of, the newest first."""

    def of_year(self, year: int) -> Records:
        """As if this were the newest year: what a paper of an earlier one rests on."""
        found = next((each for each in self.earlier if each.year == year), None)
        return self if found is None else structs.replace(self, tax=found.tax, payments=found.payments)


class ResidentRegister(Protocol):
    """The town's register."""

    def resident(self, resident: str) -> Resident | None:
        """The person of this id, also one who left or died; None for an unknown id."""

    def household(self, household: str) -> tuple[Resident, ...]:
        """Who lives in this household now, in the register's order (its head first)."""

    def seal(self, resident: str) -> Seal | None:
        """The impression this person registered."""

    def tax(self, resident: str, year: int) -> Tax | None:
        """The residence tax of a fiscal year; None: lived elsewhere on 1 January, declared nothing, or not
        yet."""

    def has_tax_year(self, year: int) -> bool:
        """Whether the register holds that fiscal year's residence tax of the town."""

    def payments(self, resident: str, year: int) -> tuple[Payment, ...]:
        """What this person owed and paid in a fiscal year, a line for each tax."""

    def family(self, resident: str) -> Family | None:
        """The present 戸籍 in this town in which this resident is."""

    def as_of(self, data: str) -> datetime | None:
        """Of when this data (`DATA`) is; None: it is asked where it is kept, and always of now."""


DATA = ("residents", "seals", "taxes", "payments", "families")


class RegisterError(Exception):
    """A register's file cannot be used. Names file and line, never what stands there."""


class CheckedRegister:
    """A register that is not believed when it answers about somebody else than it was asked: the neighbour's record
    under an own name is the accident that no signature finds."""

    def __init__(self, register: ResidentRegister) -> None:
        self._register = register

    def resident(self, resident: str) -> Resident | None:
        found = self._register.resident(resident)
        return self._about(found, found is None or found.id == resident)

    def household(self, household: str) -> tuple[Resident, ...]:
        found = self._register.household(household)
        return self._about(found, all(each.household == household and each.lives_here for each in found))

    def seal(self, resident: str) -> Seal | None:
        return self._register.seal(resident)

    def tax(self, resident: str, year: int) -> Tax | None:
        found = self._register.tax(resident, year)
        return self._about(found, found is None or (found.resident, found.year) == (resident, year))

    def has_tax_year(self, year: int) -> bool:
        return self._register.has_tax_year(year)

    def payments(self, resident: str, year: int) -> tuple[Payment, ...]:
        found = self._register.payments(resident, year)
        return self._about(found, all((each.resident, each.year) == (resident, year) for each in found))

    def family(self, resident: str) -> Family | None:
        found = self._register.family(resident)
        return self._about(found, found is None or found.member(resident) is not None)

    def as_of(self, data: str) -> datetime | None:
        return self._register.as_of(data)

    def _about(self, found: T, is_about_whom: bool) -> T:
        if not is_about_whom:
            raise RegisterError("the register answered about somebody else")
        return found


class FileRegister:
    """A register in a folder, read whole: either all of it counts or none. `residents.csv` must be there;
    without `taxes.csv`, `payments.csv`, `families.json` or `seals/` (`<id>.png`) the town offers no certificate that
    needs them.

    A specimen must not grow old. Its tax years may be 0, -1, -2: the newest one, the one before it, …; a day may be
    `+1-03-31`: 31 March of next year. `today` says from when to count."""

    def __init__(self, folder: Path, today: Callable[[], date] | None = None) -> None:
        self._today = today or (lambda: town_day(SystemClock().now()))
        self._residents: dict[str, Resident] = {}
        self._households: dict[str, list[Resident]] = {}
        self._seals: dict[str, Seal] = {}
        self._taxes = {(each.resident, each.year): each for each in _read_rows(folder / "taxes.csv", Tax)}
        self._payments: dict[tuple[str, int], list[Payment]] = {}
        for payment in _read_rows(folder / "payments.csv", Payment):
            self._payments.setdefault((payment.resident, payment.year), []).append(payment)
        self._families = {
            member.resident: family
            for family in _read_families(folder / "families.json")
            for member in family.present()
            if member.resident
        }
        self._tax_years = frozenset(year for _, year in self._taxes)
        has_seals = (folder / "seals").is_dir()
        for resident in _read(folder / "residents.csv", self._today().year):
            if resident.id in self._residents:
                raise RegisterError("residents.csv: a resident id stands twice")
            self._residents[resident.id] = resident
            if resident.lives_here:
                self._households.setdefault(resident.household, []).append(resident)
            if resident.seal and has_seals:
                self._seals[resident.id] = read_seal(folder / "seals" / f"{resident.id}.png")

    def resident(self, resident: str) -> Resident | None:
        return self._residents.get(resident)

    def household(self, household: str) -> tuple[Resident, ...]:
        return tuple(self._households.get(household, ()))

    def seal(self, resident: str) -> Seal | None:
        return self._seals.get(resident)

    def tax(self, resident: str, year: int) -> Tax | None:
        found = self._taxes.get((resident, year)) or self._taxes.get((resident, self._back(year)))
        return None if found is None else structs.replace(found, year=year)

    def has_tax_year(self, year: int) -> bool:
        return not self._tax_years.isdisjoint((year, self._back(year)))

    def payments(self, resident: str, year: int) -> tuple[Payment, ...]:
        found = self._payments.get((resident, year)) or self._payments.get((resident, self._back(year)), [])
        return tuple(structs.replace(each, year=year) for each in found)

    def _back(self, year: int) -> int:
        """0 for the newest tax year, -1 for the one before it."""
        return year - tax_year(self._today())

    def family(self, resident: str) -> Family | None:
        return self._families.get(resident)

    def as_of(self, data: str) -> datetime | None:
        """The specimen's people do not change."""
        return None

    def __iter__(self) -> Iterator[Resident]:
        return iter(self._residents.values())

    def __len__(self) -> int:
        return len(self._residents)


_YES_NO = {"yes": "true", "no": "false"}


_RELATIVE_DAY = re.compile("([+-][0-9]{1,3})(-[0-9]{2}-[0-9]{2})")


def _day(text: str, this_year: int) -> str:
    found = _RELATIVE_DAY.fullmatch(text)
    return text if found is None else f"{this_year + int(found[1]):04}{found[2]}"


def _read(file: Path, this_year: int) -> Iterator[Resident]:
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines, strict=True), start=2):
            plain = {key: _day(value, this_year) for key, value in row.items() if value}
            plain["is_protected"] = _YES_NO.get(row.get("is_protected") or "", "?")
            plain["is_updating"] = _YES_NO.get(row.get("is_updating") or "no", "?")
            try:
                yield msgspec.convert(plain, Resident, strict=False)
            except msgspec.ValidationError:
                raise RegisterError(f"{file.name}: line {number} is not a resident") from None


def _read_rows(file: Path, record: type[T]) -> Iterator[T]:
    if not file.exists():
        return
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines, strict=True), start=2):
            try:
                yield msgspec.convert(row, record, strict=False)
            except msgspec.ValidationError:
                raise RegisterError(f"{file.name}: line {number} is not a record of it") from None


def _read_families(file: Path) -> tuple[Family, ...]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[Family, ...]) if file.exists() else ()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RegisterError(f"{file.name}: not the families of a town") from None


_PNG = b"\x89PNG\r\n\x1a\n"
SEAL_MM = (8.0, 25.0)
"""A registrable seal fits into 25 mm and not into 8 mm (facts: kiosk.md §3.2)."""


def read_seal(file: Path) -> Seal:
    """The image and its true width: pixels (IHDR) over pixels per metre (pHYs), both first of the file (PNG
    §11)."""
    png = file.read_bytes() if file.is_file() else b""
    at = png.find(b"pHYs", 0, 200)
    if not png.startswith(_PNG) or png[12:16] != b"IHDR" or at < 0 or len(png) < at + 13 or png[at + 12] != 1:
        raise RegisterError(f"seals/{file.name}: not a PNG that says its size")
    (pixels,) = struct.unpack_from(">I", png, 16)
    (per_metre,) = struct.unpack_from(">I", png, at + 4)
    width_mm = 1000.0 * pixels / per_metre if per_metre else 0.0
    if not SEAL_MM[0] <= width_mm <= SEAL_MM[1]:
        raise RegisterError(f"seals/{file.name}: a seal is 8 to 25 mm wide")
    return Seal(png, round(width_mm, 2))
