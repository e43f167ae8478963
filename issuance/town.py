"""A municipality as data: its name and mayor, hours, fees, limits, and the kinds of certificate it offers.

A town changes files, not code: `municipality.toml`, and one folder per kind with `kind.toml` and
`template.typ`.
"""

from __future__ import annotations

import csv
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from issuance.calendar import Campaign, Data, Fee, Holidays, Hours, Maintenance, Prices

T = TypeVar("T")


class TownError(Exception):
    """A file of the town's data is refused; the message names file and key."""


class Mayor(Data, frozen=True):
    """Who certifies: the mayor, or the deputy while one acts (職務代理者)."""

    title: str
    name: str


class Deputy(Mayor, frozen=True):
    """Signs in the mayor's place for these days, first and last included."""

    first: date
    last: date


class Limits(Data, frozen=True):
    lines_per_transaction: int = 10
    copies_per_kind: int = 5
    minimum_age: int = 15
    name_length: int = 60
    address_length: int = 90
    visits_per_minute: int = 20
    """Of one kiosk; more is no resident's doing."""
    rejections_per_minute: int = 60
    """Of one kiosk, each written into the audit log. What it still asks wrongly in this minute is answered 429 and
    written no more."""
    records_years: int = 3
    """How long the record of a request is kept (文書の保存年限)."""
    tax_years: Annotated[int, Meta(ge=1, le=3)] = 1
    """Of so many fiscal years tax papers are issued, as far as the register holds them: the newest and those before.
    The screen has room for three."""
    data_hours: Annotated[int, Meta(ge=1)] = 36
    """Data of the register that is older than this issues nothing: a nightly delivery that failed once is borne."""
    new_certificate_waits_days: int = 1
    """A certificate is used from this many days after its first: the register learns of it overnight."""


class RevocationSources(Data, frozen=True):
    """Who is asked whether a card is revoked, in this order: the first that knows answers."""

    sources: Annotated[tuple[Literal["ocsp", "crl"], ...], Meta(min_length=1)] = ("crl",)
    ocsp_url: str = ""
    """The responder's address, from the agreement with J-LIS; a certificate's own word is not followed."""
    ocsp_names_by: Literal["sha1", "sha256"] = "sha1"
    ocsp_nonce_required: bool = False
    crl_urls: tuple[str, ...] = ()
    """Where `issuance-server fetch-crl` finds today's lists."""

    def __post_init__(self) -> None:
        if "ocsp" in self.sources and not self.ocsp_url:
            raise ValueError("revocation.sources names ocsp, and there is no ocsp_url")


class OptionRule(Data, frozen=True):
    """A question of content; the first choice is the default and shows the least. `asked_of`: `all`,
    `several` (a household, or a 戸籍, of more than one), `japanese` (somebody on the paper has a 本籍), `foreign`.
    """

    key: str
    choices: Annotated[tuple[str, ...], Meta(min_length=2)]
    asked_of: Literal["all", "several", "japanese", "foreign"] = "all"


class Back(Data, frozen=True):
    """What the signed code on a sheet's back says of its front, each as (heading, where in the composed data). A paper
    of rows has its rows there by themselves. 個人番号 is never among it."""

    sheet: tuple[tuple[str, str], ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    payments: tuple[tuple[str, str], ...] = ()


class Kind(Data, frozen=True):
    """One kind of certificate (`kind.toml`). `scope`: whose data can come onto the paper, for the rules of
    refusal.
    """

    key: str
    title: str
    scope: Literal["applicant", "household", "family"]
    attestation: dict[str, str]
    """認証文: `self`, and `household` for a paper on which the whole household stands."""
    options: tuple[OptionRule, ...] = ()
    needs: tuple[Literal["seal", "tax", "payments", "honseki", "family"], ...] = ()
    """What must be there besides the resident's own record: a seal, the year's tax, the year's payments (and
    nothing overdue), a 本籍 in this town, the 戸籍 itself."""
    back: Back = Back()
    untaxed_title: str = ""
    """The title of a tax certificate when nothing is to be paid."""
    rows: Literal["", "koseki", "koseki_person", "fuhyo"] = ""
    """Which rows of the 戸籍 a paper of rows prints."""
    persons_per_page: Annotated[int, Meta(ge=1)] = 1
    rows_per_page: Annotated[int, Meta(ge=1)] = 30
    template: str = "template.typ"
    """A file of this folder, or of a sibling folder (`../juminhyo/template.typ`)."""


class Town(Data, frozen=True):
    name: str
    code: str
    mayor: Mayor
    is_specimen: bool
    environment: Literal["demo", "production"]
    minimum_version: str
    hours: Hours
    limits: Limits
    fees: tuple[Fee, ...]
    verify_address: Annotated[str, Meta(pattern=r"^https://[a-z0-9./-]{3,60}$")]
    """The page that the code on every paper names."""
    official_seal: str
    """電子公印: in the file the name of an SVG beside it; read, the drawing itself."""
    has_backs: bool = False
    """Whether each sheet's back carries the code that says what its front says; the kiosks' printers print on both
    sides then."""
    official_seal_mm: Annotated[float, Meta(ge=10, le=40)] = 23.0
    deputies: tuple[Deputy, ...] = ()
    hours_of: dict[str, Hours] = msgspec.field(default_factory=dict)
    """Kinds with hours of their own, within those of the kiosks: 戸籍 in office hours."""
    maintenance: tuple[Maintenance, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    counter_only: tuple[str, ...] = ()
    """Kinds that are named among the others and handed out at the counter only (除票, 除籍, 改製原戸籍): who looks for
    one reads where it is, and does not take another for it."""
    holidays: Holidays = Holidays()
    """Read from holidays.csv beside the town's file."""
    revocation: RevocationSources = RevocationSources()

    def signer(self, day: date) -> Mayor:
        """Who certifies on this day."""
        return next((each for each in self.deputies if each.first <= day <= each.last), self.mayor)

    def fee(self, kind: str, day: date) -> Fee | None:
        """The fee that holds on this day; None: the town does not sell this kind."""
        return Prices(self.fees, self.campaigns).on(kind, day)

    def kinds_sold(self, day: date) -> tuple[str, ...]:
        return Prices(self.fees).sold(day)

    def hours_for(self, kind: str) -> Hours:
        return self.hours_of.get(kind, self.hours)

    def is_open(self, now: datetime, kind: str | None = None) -> bool:
        """Whether this kind is issued now; without one, whether the kiosks are open at all."""
        if any(each.holds(kind, now) for each in self.maintenance):
            return False
        open_here = self.hours.is_open(now, self.holidays)
        return open_here and (kind is None or self.hours_for(kind).is_open(now, self.holidays))

    def hours_on(self, day: date, kind: str) -> tuple[str, str]:
        """From when until when this kind is issued on this day, maintenance aside; both empty: not at all."""
        both = (self.hours, self.hours_for(kind))
        if not all(each.is_working_day(day, self.holidays) for each in both):
            return "", ""
        first, last = max(each.open for each in both), min(each.close for each in both)
        return (first, last) if first < last else ("", "")

    def is_working_day(self, day: date) -> bool:
        return self.hours.is_working_day(day, self.holidays)


def read_town(folder: Path) -> Town:
    """The town of a folder with `municipality.toml`."""
    town = _read(folder / "municipality.toml", Town)
    if twice := Prices(town.fees).twice():
        raise TownError(f"municipality.toml: two fees of {twice} hold on one day")
    try:
        drawing = (folder / town.official_seal).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise TownError("municipality.toml: official_seal is no readable file beside it") from None
    return msgspec.structs.replace(
        town, official_seal=drawing, holidays=_read_holidays(folder / "holidays.csv")
    )


def _read_holidays(file: Path) -> Holidays:
    """`date,name`; the name is for people. A town without the file has no kind that closes on holidays."""
    if not file.exists():
        return Holidays()
    with file.open(encoding="utf-8", newline="") as lines:
        try:
            return Holidays(frozenset(date.fromisoformat(row["date"]) for row in csv.DictReader(lines)))
        except (ValueError, KeyError):
            raise TownError("holidays.csv: a line is not date,name") from None


def read_kinds(folder: Path) -> dict[str, Kind]:
    """Every kind that has a folder here. A folder's name is its kind's key."""
    kinds = {}
    for file in sorted(folder.glob("*/kind.toml")):
        kind = _read(file, Kind)
        if kind.key != file.parent.name:
            raise TownError(f"{file.parent.name}/kind.toml: key is not the folder's name")
        if "self" not in kind.attestation:
            raise TownError(f"{file.parent.name}/kind.toml: attestation.self is missing")
        if any("my_number" in path for _, path in (*kind.back.sheet, *kind.back.people)):
            raise TownError(f"{file.parent.name}/kind.toml: 個人番号 is never in a code")
        kinds[kind.key] = kind
    return kinds


def _read(file: Path, kind: type[T]) -> T:
    try:
        raw: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        return msgspec.convert(raw, kind)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TownError(f"{file.name}: {error}") from error
