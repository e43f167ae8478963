"""What the use cases share: the town, its data and keys, and the questions every one of them asks first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import msgspec

from issuance import paper, problems
from issuance.audit import Entry
from issuance.auth import CertificateJudge
from issuance.clock import Clock, town_day
from issuance.drawing import Draughtsman
from issuance.family import Family, Member
from issuance.manifest import ManifestSigner
from issuance.names import NameGuard
from issuance.pki import TlsAuthority
from issuance.problems import Problem
from issuance.register import AMOUNTS, DATA, Payment, Records, Resident, ResidentRegister, Seal, Tax, TaxYear
from issuance.render import Renderer
from issuance.rules import Case
from issuance.seal import Sealer
from issuance.store import Kiosk, Rate, Session, Store, Tx
from issuance.town import Kind, Town
from issuance.wareki import tax_year

T = TypeVar("T")

CHALLENGE_LASTS = timedelta(minutes=2)
SESSION_LASTS = timedelta(minutes=30)
DOCUMENT_LASTS = timedelta(minutes=15)
"""From prepare to commit: the resident pays in this time, or the document becomes void by itself."""

_BLANK = Seal(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010100000000376ef9240000000a494441"
        "54789c636800000082008177cd72b60000000049454e44ae426082"
    ),
    10.0,
)
"""One white pixel, for warming up."""


class Office(msgspec.Struct, frozen=True):
    """Everything one server works with."""

    town: Town
    kinds: Mapping[str, Kind]
    register: ResidentRegister
    judge: CertificateJudge
    guard: NameGuard
    renderer: Renderer
    signer: ManifestSigner
    sealer: Sealer
    store: Store
    clock: Clock
    authority: TlsAuthority

    @property
    def draughtsman(self) -> Draughtsman:
        return Draughtsman(self.town, self.guard, self.sealer, self.renderer)

    async def act(self, work: Callable[[Tx], T | Problem]) -> T:
        """Run one use case. A Problem that it returns (not raises) keeps what it wrote, the audit above
        all.
        """
        result = await self.store.run(work)
        if isinstance(result, Problem):
            raise result
        return result

    def case(self, applicant: Resident, now: datetime) -> Case:
        """This applicant in front of the rules."""
        household = self.register.household(applicant.household)
        year = tax_year(town_day(now))
        records = Records(
            self.register.seal(applicant.id),
            self.register.tax(applicant.id, year),
            self.register.has_tax_year(year),
            self.register.payments(applicant.id, year),
            self._family(applicant),
            self._earlier(applicant.id, year),
        )
        return Case(self.town, self.kinds, applicant, household, now, self.guard, records, self.too_old(now))

    def _earlier(self, resident: str, newest: int) -> tuple[TaxYear, ...]:
        register = self.register
        years = range(newest - 1, newest - self.town.limits.tax_years, -1)
        return tuple(
            TaxYear(year, register.tax(resident, year), register.payments(resident, year))
            for year in years
            if register.has_tax_year(year)
        )

    def too_old(self, now: datetime) -> frozenset[str]:
        """Which data of the register is too old to issue anything of it."""
        oldest = now - timedelta(hours=self.town.limits.data_hours)
        times = {data: self.register.as_of(data) for data in DATA}
        return frozenset(data for data, at in times.items() if at is not None and at < oldest)

    def _family(self, applicant: Resident) -> Family | None:
        """The 戸籍, in which a member is protected whom the residents' register protects."""
        family = self.register.family(applicant.id)
        if family is None:
            return None
        members = tuple(
            msgspec.structs.replace(each, is_protected=each.is_protected or self._protects(each, applicant))
            for each in family.members
        )
        return msgspec.structs.replace(family, members=members)

    def _protects(self, member: Member, applicant: Resident) -> bool:
        if not member.resident:
            return False
        known = applicant if member.resident == applicant.id else self.register.resident(member.resident)
        return known is not None and known.is_protected

    def stop(self, kiosk: Kiosk) -> str:
        """Why this kiosk may not issue: `kill-switch`, `version` or ``."""
        if kiosk.is_halted:
            return "kill-switch"
        return "" if is_new_enough(kiosk.version, self.town.minimum_version) else "version"

    def is_too_fast(self, tx: Tx, kiosk: str, thing: str, most: int, now: datetime) -> bool:
        """Counts one more `thing` of this kiosk in this minute; whether that is too many."""
        minute = stamp(now)[: len("2026-11-21T03:00")]
        known = tx.get(Rate, f"{kiosk} {thing}")
        used = known.used if known is not None and known.minute == minute else 0
        tx.put(Rate(f"{kiosk} {thing}", minute, used + 1))
        return used >= most

    async def reject(self, kiosk: str, where: str, problem: Problem) -> Problem:
        """Write down that this kiosk (empty: one that nobody knows) asked for what is not its own, or nonsense; what to
        answer. Nothing that came from it is written."""
        now = self.clock.now()
        most = self.town.limits.rejections_per_minute
        name, _, _ = problem.kind.value
        detail = " ".join(filter(None, (where, name, problem.reason)))

        def work(tx: Tx) -> bool:
            is_over = self.is_too_fast(tx, kiosk, "rejected", most, now)
            counted = tx.get(Rate, f"{kiosk} rejected")
            if not is_over:
                tx.append(Entry(stamp(now), "rejected", kiosk=kiosk, detail=detail))
            elif counted is not None and counted.used == most + 1:
                tx.append(Entry(stamp(now), "rejected-too-often", kiosk=kiosk, detail=str(most)))
            return is_over

        return Problem(problems.Kind.RATE) if await self.store.run(work) else problem

    def warm(self) -> None:
        """Draw one paper of nobody per kind, so that fonts and templates are in memory before the first
        resident.
        """
        nobody = Resident(
            id="",
            household="",
            relation="",
            name="見本",
            kana="",
            birth=date(2000, 1, 1),
            sex="F",
            address="見本",
            resident_since=date(2000, 1, 1),
            resident_reason="",
            address_since=date(2000, 1, 1),
            notified_on=date(2000, 1, 1),
            my_number="",
            state="resident",
            is_protected=False,
        )
        amounts = {name: 0 for name in AMOUNTS}
        payment = Payment("", 2026, "見本", 0, 0)
        family = Family(
            "見本", "見本", "", (), (Member("見本", "本", "", nobody.birth, "F", "", "", "", ""),)
        )
        records = Records(_BLANK, Tax(resident="", year=2026, **amounts), True, (payment,), family)
        issue = paper.Issue("", "", "", "", self.clock.now())
        for key, kind in self.kinds.items():
            data = paper.compose(self.town, kind, issue, (nobody,), (nobody,), {}, records)
            self.renderer.render(key, data, issue.at)


def is_new_enough(version: str, minimum: str) -> bool:
    """Whether a version is attested at all and not older than the least one."""
    return bool(version) and _numbers(version) >= _numbers(minimum)


def stamp(at: datetime) -> str:
    """An instant as the database and the answers write it: UTC, sortable as text."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def note(
    now: datetime, act: str, session: Session, *, line: str = "", serial: str = "", detail: str = ""
) -> Entry:
    """An audit entry about a session."""
    return Entry(
        at=stamp(now),
        act=act,
        kiosk=session.kiosk,
        transaction=session.transaction_id,
        line=line,
        serial=serial,
        resident=session.resident,
        detail=detail,
    )


def _numbers(version: str) -> tuple[int, ...]:
    head = version.replace("-", "+").split("+")[0]
    return tuple(int(part) for part in head.split(".")[:3])
