"""What stands on a certificate, as plain text in plain data. Pure.

A template draws this and nothing else: what the resident did not ask for is replaced here and never reaches
it. Every string is checked by the NameGuard before it is rendered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from issuance.clock import town_day
from issuance.register import AMOUNTS, Records, Resident, Seal, Tax
from issuance.town import Kind, Town
from issuance.wareki import tax_year_label, wareki

EMPTY = "【空欄】"
"""Recorded nowhere: the standard's mark for an empty item."""
OMITTED = "【省略】"
"""Recorded, and left out because it was not asked for."""

_SEX = {"F": "女", "M": "男"}


class Issue(msgspec.Struct, frozen=True):
    """One copy: whose order, for whom, with which number, when."""

    kiosk: str
    transaction: str
    line: str
    serial: str
    at: datetime


def holders(
    applicant: Resident, household: tuple[Resident, ...], choices: Mapping[str, str]
) -> tuple[Resident, ...]:
    """Who stands on the paper: the applicant alone, or the whole household in the register's order."""
    return household if choices.get("whom") == "household" else (applicant,)


def compose(
    town: Town,
    kind: Kind,
    issue: Issue,
    people: tuple[Resident, ...],
    household: tuple[Resident, ...],
    choices: Mapping[str, str],
    records: Records,
) -> dict[str, Any]:
    """The data of one certificate: `people` of this `household`, whose head is first; `records` are the
    applicant's."""
    several = choices.get("whom") == "household"
    whole = "household" if len(people) == len(household) else "self"
    return {
        "title": kind.title,
        "town": town.name,
        "mayor": {"title": town.mayor.title, "name": town.mayor.name},
        "attestation": kind.attestation.get(whole, kind.attestation["self"]),
        "issued_on": wareki(town_day(issue.at)),
        "serial": issue.serial,
        "terminal": issue.kiosk,
        "transaction": issue.transaction,
        "line": issue.line,
        "is_specimen": town.is_specimen,
        "persons_per_page": kind.persons_per_page,
        "address": people[0].address,
        "head": _shown(household[0].name, is_asked=several),
        "seal": _seal(records.seal) if "seal" in kind.needs and records.seal else None,
        "tax": _tax(records.tax, people[0]) if "tax" in kind.needs and records.tax else None,
        "persons": [_person(each, choices) for each in people],
    }


def texts(data: Any) -> Iterator[str]:
    """Every string of composed data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)


def _person(person: Resident, choices: Mapping[str, str]) -> dict[str, Any]:
    several = choices.get("whom") == "household"
    honseki = choices.get("honseki") == "yes"
    number = choices.get("kojin_bango") == "yes"
    return {
        "name": person.name,
        "kana": person.kana or EMPTY,
        "former_name": person.former_name or EMPTY,
        "alias": person.alias or EMPTY,
        "birth": wareki(person.birth),
        "sex": _SEX[person.sex],
        "address": person.address,
        "relation": _shown(person.relation, is_asked=several),
        "resident_since": wareki(person.resident_since),
        "resident_reason": person.resident_reason,
        "address_since": wareki(person.address_since),
        "notified_on": wareki(person.notified_on),
        "previous_address": person.previous_address or EMPTY,
        "my_number": _shown(_grouped(person.my_number), is_asked=number),
        "is_foreign": person.is_foreign,
        "honseki": _shown(person.honseki, is_asked=honseki),
        "hittousha": _shown(person.hittousha, is_asked=honseki),
        "nationality": _shown(person.nationality, is_asked=honseki),
        "class_30_45": _shown(person.class_30_45, is_asked=honseki),
        "residence_status": _shown(person.residence_status, is_asked=honseki),
        "residence_period": _shown(person.residence_period, is_asked=honseki),
        "residence_until": _shown(_day(person.residence_until), is_asked=honseki),
        "residence_card": _shown(person.residence_card, is_asked=honseki),
    }


def _seal(seal: Seal) -> dict[str, Any]:
    return {"png": list(seal.png), "width_mm": seal.width_mm}


def _tax(tax: Tax, person: Resident) -> dict[str, str]:
    amounts = {name: f"{getattr(tax, name):,}" for name in AMOUNTS}
    return amounts | {"label": tax_year_label(tax.year), "address": person.address}


def _shown(value: str, *, is_asked: bool) -> str:
    return (value or EMPTY) if is_asked else OMITTED


def _day(day: date | None) -> str:
    return wareki(day) if day else ""


def _grouped(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
