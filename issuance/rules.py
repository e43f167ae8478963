"""What a person may have here and now, and why not. Pure.

The reasons are many, the public codes few: everything that could betray a protection measure (支援措置)
shares one harmless code with glyphs that the font lacks and data that is being updated, and is decided by
everyone who could appear on the paper (facts: kiosk.md §1.2). A code that says more speaks of the applicant alone.
The exact reason goes to the audit log only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

import msgspec

from issuance import messages
from issuance.clock import town_day
from issuance.names import NameGuard
from issuance.problems import Code
from issuance.register import MEMBER, Records, Resident, member_key
from issuance.town import Kind, OptionRule, Town
from issuance.wareki import tax_year


class Case(msgspec.Struct, frozen=True):
    """One person at one kiosk at one moment. `household` holds the applicant too; `records` are the
    applicant's."""

    town: Town
    kinds: Mapping[str, Kind]
    applicant: Resident
    household: tuple[Resident, ...]
    now: datetime
    guard: NameGuard
    records: Records
    too_old: frozenset[str] = frozenset()
    """Which of the register's data (`register.DATA`) is older than the town allows."""


class Refusal(msgspec.Struct, frozen=True):
    code: Code
    reason: str
    """For the audit log only."""


PersonRule = tuple[str, Code, Callable[[Case, Resident], bool]]

# Of the applicant, before anything is offered.
_AT_THE_DOOR: tuple[PersonRule, ...] = (
    ("dead", Code.COUNTER, lambda case, person: person.state == "dead"),
    # "You have moved" would tell whoever holds the card; of a protected person it is not said.
    ("protected", Code.COUNTER, lambda case, person: person.is_protected and not person.lives_here),
    ("moved-out", Code.MOVED_OUT, lambda case, person: person.state == "moved_out"),
    (
        "under-age",
        Code.UNDER_AGE,
        lambda case, person: person.age_on(town_day(case.now)) < case.town.limits.minimum_age,
    ),
    ("stay-ended", Code.STAY_ENDED, lambda case, person: has_stay_ended(person, town_day(case.now))),
)

# Of each person who could appear on the paper. One code for all of them, for it speaks of others than the applicant.
_ON_THE_PAPER: tuple[PersonRule, ...] = (
    ("protected", Code.COUNTER, lambda case, person: person.is_protected),
    ("updating", Code.COUNTER, lambda case, person: person.is_updating),
    ("leaving", Code.COUNTER, lambda case, person: person.state == "leaving"),
    ("glyph", Code.COUNTER, lambda case, person: not case.guard.can_draw(texts_of(person))),
    ("too-long", Code.COUNTER, lambda case, person: _is_too_long(case.town, person)),
    (
        "arrived-today",
        Code.COUNTER,
        lambda case, person: person is not case.applicant and _arrived_today(case, person),
    ),
)


def refusal_at_the_door(case: Case) -> Refusal | None:
    """Why this applicant may have nothing at all here; None when the kinds decide."""
    return _first(_AT_THE_DOOR, case, case.applicant)


def refusal_of_kind(case: Case, key: str) -> Refusal | None:
    """Why this applicant may not have this kind now; None: may have it."""
    kind = case.kinds.get(key)
    if kind is None:
        return Refusal(Code.COUNTER, "no-template")
    if not case.town.is_open(case.now, key):
        return Refusal(Code.OUTSIDE_HOURS, "hours")
    if case.too_old & _data_of(kind):
        return Refusal(Code.COUNTER, "data-too-old")
    on_paper = case.household if kind.scope == "household" else (case.applicant,)
    for person in on_paper:
        if (found := _first(_ON_THE_PAPER, case, person)) is not None:
            return found
    if kind.scope == "family" and (found := _family_stopped(case)) is not None:
        return found
    # From here on of the applicant alone: each its own cause and next step.
    if _arrived_today(case, case.applicant):
        return Refusal(Code.ARRIVED_TODAY, "arrived-today")
    return next((found for need in kind.needs if (found := _NEEDS[need](case)) is not None), None)


_DATA_OF_NEED = {"seal": "seals", "tax": "taxes", "payments": "payments", "family": "families"}


def _data_of(kind: Kind) -> set[str]:
    """Which data of the register a paper of this kind rests on."""
    return {"residents"} | {_DATA_OF_NEED[need] for need in kind.needs if need in _DATA_OF_NEED}


def has_stay_ended(person: Resident, today: date) -> bool:
    """A foreign resident's card ends with the period of stay."""
    return person.is_foreign and person.residence_until is not None and person.residence_until < today


def _no_seal(case: Case) -> Refusal | None:
    return Refusal(Code.NO_SEAL, "no-seal") if case.records.seal is None else None


def _no_tax(case: Case) -> Refusal | None:
    """Whose tax of the newest year is not here: whose matter is it?"""
    if case.records.tax is not None:
        return None
    if not case.records.has_tax_year:
        return Refusal(Code.COUNTER, "no-tax-year")
    today = town_day(case.now)
    year = tax_year(today)
    since = case.applicant.resident_since
    if since <= date(year, 1, 1):
        return Refusal(Code.NOT_DECLARED, "not-declared")
    if year < today.year and since <= date(today.year, 1, 1):
        return Refusal(Code.TAX_FROM_JUNE, "tax-from-june")
    return Refusal(Code.TAXED_ELSEWHERE, "taxed-elsewhere")


def _no_payments(case: Case) -> Refusal | None:
    if not case.records.payments:
        return Refusal(Code.COUNTER, "no-payments")
    return Refusal(Code.NOT_PAID, "not-paid") if any(each.unpaid for each in case.records.payments) else None


def _family_stopped(case: Case) -> Refusal | None:
    """Everyone in the 戸籍 is looked at, also who lives elsewhere or has left it: all could be on the paper."""
    family = case.records.family
    if family is None:
        return None  # `needs` says why
    if any(each.is_protected for each in family.members):
        return Refusal(Code.COUNTER, "protected")
    if family.is_updating:
        return Refusal(Code.COUNTER, "updating")
    return None if case.guard.can_draw(family.texts()) else Refusal(Code.COUNTER, "glyph")


def _no_family(case: Case) -> Refusal | None:
    return Refusal(Code.COUNTER, "no-family") if case.records.family is None else None


def _no_honseki(case: Case) -> Refusal | None:
    if not case.applicant.honseki:
        return Refusal(Code.COUNTER, "no-honseki")
    is_here = case.applicant.honseki.startswith(case.town.name)
    return None if is_here else Refusal(Code.HONSEKI_ELSEWHERE, "honseki-elsewhere")


_NEEDS: Mapping[str, Callable[[Case], Refusal | None]] = {
    "seal": _no_seal,
    "tax": _no_tax,
    "payments": _no_payments,
    "honseki": _no_honseki,
    "family": _no_family,
}


def entitlements(case: Case) -> tuple[messages.Entitlement, ...]:
    """Every kind the town sells, with what it costs, what may be chosen, and the public code when it is
    refused.
    """
    offers = []
    day = town_day(case.now)
    for key in case.town.kinds_sold(day):
        fee = case.town.fee(key, day)
        refusal = refusal_of_kind(case, key)
        hours = case.town.hours_on(day, key) if key in case.kinds else ("", "")
        offers.append(
            messages.Entitlement(
                kind=key,
                fee=fee.here if fee else 0,
                max_copies=0 if refusal else case.town.limits.copies_per_kind,
                options=() if refusal else _options(case, case.kinds[key]),
                refusal=refusal.code.value if refusal else "",
                open_from=hours[0],
                open_until=hours[1],
            )
        )
    counter = Code.COUNTER.value
    offers += [messages.Entitlement(key, 0, 0, (), counter) for key in case.town.counter_only]
    return tuple(offers)


def choices(case: Case, kind: Kind, asked: Mapping[str, str]) -> dict[str, str] | None:
    """Every option of the kind with its choice; what was not asked takes the default. None: not a choice we
    offer.
    """
    offered = {option.key: option.choices for option in _options(case, kind)}
    if any(key not in offered or choice not in offered[key] for key, choice in asked.items()):
        return None
    chosen = {rule.key: asked.get(rule.key, rule.choices[0]) for rule in kind.options}
    if TAX_YEAR in offered:
        chosen[TAX_YEAR] = asked.get(TAX_YEAR, offered[TAX_YEAR][0])
    if chosen.get("whom") == "some":
        chosen |= {key: choice for key, choice in asked.items() if key.startswith(MEMBER)}
    return chosen


def texts_of(person: Resident) -> list[str]:
    """Everything of a person that could be printed."""
    return [value for value in msgspec.structs.astuple(person) if isinstance(value, str)]


def _first(rules: tuple[PersonRule, ...], case: Case, person: Resident) -> Refusal | None:
    return next((Refusal(code, name) for name, code, applies in rules if applies(case, person)), None)


def _options(case: Case, kind: Kind) -> tuple[messages.Option, ...]:
    options: list[messages.Option] = []
    for rule in kind.options:
        if _is_asked(case, kind, rule):
            options.append(messages.Option(rule.key, rule.choices))
            if "some" in rule.choices:
                options += _members(case, rule.key)
    years = _tax_years(case, kind)
    if len(years) > 1:
        options.append(messages.Option(TAX_YEAR, tuple(f"y{year}" for year in years)))
    return tuple(options)


TAX_YEAR = "tax_year"
"""The question of which fiscal year; its choices are `y2026`, … , the newest first. Asked where there are several."""


def _tax_years(case: Case, kind: Kind) -> list[int]:
    """Of which years this applicant may have this kind now, the newest first; empty: it is of no year."""
    if not {"tax", "payments"} & set(kind.needs):
        return []
    needs_tax, needs_paid = "tax" in kind.needs, "payments" in kind.needs
    return [tax_year(town_day(case.now))] + [
        each.year
        for each in case.records.earlier
        if not (needs_tax and each.tax is None)
        and not (needs_paid and (not each.payments or any(due.unpaid for due in each.payments)))
    ]


def records_for(case: Case, chosen: Mapping[str, str]) -> Records:
    """The applicant's records as the chosen fiscal year has them."""
    year = chosen.get(TAX_YEAR)
    return case.records if year is None else case.records.of_year(int(year[1:]))


def _members(case: Case, key: str) -> list[messages.Option]:
    """One question a person, by what the family calls them. Named after the person and not after a place in the
    household: that may change before the paper is made."""
    condition = messages.Condition(key, "some")
    return [
        messages.Option(member_key(person), ("no", "yes"), called(person), condition)
        for person in case.household
    ]


def called(person: Resident) -> str:
    """名 alone; a foreign resident's whole name, or the 通称 if there is one."""
    name = person.alias or person.name
    return name.partition("　")[2] or name


def _is_asked(case: Case, kind: Kind, rule: OptionRule) -> bool:
    if rule.asked_of == "all":
        return True
    if kind.scope == "family":
        family = case.records.family
        return rule.asked_of == "japanese" or (family is not None and len(family.present()) > 1)
    if rule.asked_of == "several":
        return len(case.household) > 1
    people = case.household if kind.scope == "household" else (case.applicant,)
    return any(person.is_foreign == (rule.asked_of == "foreign") for person in people)


def _arrived_today(case: Case, person: Resident) -> bool:
    """The register is whole from the day after a move was notified."""
    return person.notified_on >= town_day(case.now)


def _is_too_long(town: Town, person: Resident) -> bool:
    names = (person.name, person.former_name, person.alias, person.hittousha)
    addresses = (person.address, person.previous_address, person.honseki)
    return (
        max(map(len, names)) > town.limits.name_length
        or max(map(len, addresses)) > town.limits.address_length
    )
