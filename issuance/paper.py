"""What stands on a certificate, as plain text in plain data. Pure.

A template draws this and nothing else: what the resident did not ask for is replaced here and never reaches
it. Every string is checked by the NameGuard before it is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec

from issuance.clock import town_day
from issuance.family import Family, Member, Row, fuhyo_rows, koseki_rows
from issuance.register import AMOUNTS, Payment, Records, Resident, Seal, Tax, member_key
from issuance.town import Kind, Town
from issuance.wareki import fiscal_year_label, tax_year_label, wareki

T = TypeVar("T")

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


def people_of(
    kind: Kind, applicant: Resident, household: tuple[Resident, ...], choices: Mapping[str, str]
) -> tuple[Resident, ...]:
    """Which residents stand on the paper: the applicant alone, or the chosen ones or all of the household, in the
    register's order. Nobody chosen: the applicant. (A paper of the 戸籍 has its people from there.)"""
    if kind.scope != "household":
        return (applicant,)
    if choices.get("whom") == "some":
        chosen = tuple(each for each in household if choices.get(member_key(each)) == "yes")
        return chosen or (applicant,)
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
    day = town_day(issue.at)
    signer = town.signer(day)
    is_whole, members = _members(kind, people[0], choices, records.family)
    if kind.scope != "family":
        is_whole = len(people) == len(household)
    rows = _rows(kind, members, choices, records.family)
    persons = [_person(each, choices) for each in people]
    is_untaxed = records.tax is not None and records.tax.total_tax == 0
    is_honseki = choices.get("honseki") == "yes"
    family = records.family if kind.scope == "family" else None
    return {
        "title": kind.untaxed_title if kind.untaxed_title and is_untaxed else kind.title,
        "town": town.name,
        "mayor": {"title": signer.title, "name": signer.name},
        "official_seal": {"svg": town.official_seal, "width_mm": town.official_seal_mm},
        "attestation": kind.attestation.get("household" if is_whole else "self", kind.attestation["self"]),
        "issued_on": wareki(day),
        "serial": issue.serial,
        "terminal": issue.kiosk,
        "transaction": issue.transaction,
        "line": issue.line,
        "is_specimen": town.is_specimen,
        "verify_address": town.verify_address,
        "persons_per_page": kind.persons_per_page,
        "rows_per_page": kind.rows_per_page,
        "address": people[0].address,
        "head": _shown(household[0].name, is_asked=choices.get("zokugara") == "yes"),
        "family": {
            "is_shown": is_honseki,
            "honseki": _shown(family.honseki if family else "", is_asked=is_honseki),
            "head": _shown(family.head if family else "", is_asked=is_honseki),
        },
        "seal": _seal(records.seal) if "seal" in kind.needs and records.seal else None,
        "tax": _tax(records.tax, people[0]) if "tax" in kind.needs and records.tax else None,
        "payments": [_payment(each) for each in records.payments] if "payments" in kind.needs else [],
        "payments_year": fiscal_year_label(records.payments[0].year) if records.payments else "",
        "persons": persons,
        "sheets": _sheets(kind, persons, rows),
        "names": _names(kind, people, members, family, is_honseki=is_honseki),
    }


def _members(
    kind: Kind, applicant: Resident, choices: Mapping[str, str], family: Family | None
) -> tuple[bool, tuple[Member, ...]]:
    """Who of the 戸籍 stands on a paper of it, and whether that is everybody."""
    if kind.scope != "family" or family is None:
        return False, ()
    if kind.rows == "koseki":
        return True, family.members
    present = family.present()
    if kind.rows == "fuhyo" and (choices.get("whom") == "household" or len(present) == 1):
        return True, present
    mine = family.member(applicant.id)
    return False, (mine,) if mine else ()


def _rows(
    kind: Kind, members: tuple[Member, ...], choices: Mapping[str, str], family: Family | None
) -> list[Row]:
    if not kind.rows or family is None:
        return []
    if kind.rows != "fuhyo":
        return koseki_rows(family, members)
    return fuhyo_rows(members, is_honseki_shown=choices.get("honseki") == "yes")


def _sheets(kind: Kind, persons: list[dict[str, Any]], rows: list[Row]) -> list[dict[str, Any]]:
    """What stands on each sheet."""
    if not kind.rows:
        return [{"persons": list(part), "rows": []} for part in _chunks(persons, kind.persons_per_page)]
    return [
        {"persons": [], "rows": [msgspec.structs.asdict(row) for row in part]}
        for part in _chunks(rows, kind.rows_per_page)
    ] or [{"persons": [], "rows": []}]


def _names(
    kind: Kind,
    people: tuple[Resident, ...],
    members: tuple[Member, ...],
    family: Family | None,
    *,
    is_honseki: bool,
) -> list[str]:
    """The names that stand after the label 氏名: the manifest's holders."""
    if family is None:
        return [person.name for person in people]
    if kind.rows != "fuhyo" or is_honseki:
        return [family.head]
    return [member.name for member in members]


def printed(kind: Kind, data: Mapping[str, Any], sheet: int) -> dict[str, Any]:
    """What one sheet says, as the code on its back repeats it: (heading, value) pairs, and the people or rows that
    stand there. 個人番号 never."""
    on_sheet = data["sheets"][sheet]
    table, lines = kind.back.people, on_sheet["persons"]
    if kind.back.payments:
        table, lines = kind.back.payments, data["payments"]
    return {
        "title": data["title"],
        "fields": [[heading, _at(data, path)] for heading, path in kind.back.sheet],
        "headings": [heading for heading, _ in table],
        "table": [[_at(line, path) for _, path in table] for line in lines] if table else [],
        "rows": [[row["label"], row["text"], row["aside"]] for row in on_sheet["rows"]],
    }


def _at(data: Any, path: str) -> str:
    for step in path.split("."):
        data = data[int(step)] if step.isdigit() else data[step]
    return str(data)


def _chunks(items: list[T], size: int) -> list[list[T]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def texts(data: Any) -> Iterator[str]:
    """Every string of composed data that is printed as text (a drawing is none)."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from texts(value) if key != "svg" else ()
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)


def _person(person: Resident, choices: Mapping[str, str]) -> dict[str, Any]:
    def asked(key: str) -> bool:
        return choices.get(key) == "yes"

    return {
        "name": person.name,
        "kana": person.kana or EMPTY,
        "former_name": person.former_name or EMPTY,
        "alias": person.alias or EMPTY,
        "birth": _own_calendar(person, person.birth),
        "sex": _SEX[person.sex],
        "address": person.address,
        "relation": _shown(person.relation, is_asked=asked("zokugara")),
        "resident_since": wareki(person.resident_since),
        "resident_reason": person.resident_reason,
        "address_since": wareki(person.address_since),
        "notified_on": wareki(person.notified_on),
        "previous_address": person.previous_address or EMPTY,
        "my_number": _shown(_grouped(person.my_number), is_asked=asked("kojin_bango")),
        "is_foreign": person.is_foreign,
        **_belonging(person, asked),
    }


def _belonging(person: Resident, asked: Callable[[str], bool]) -> dict[str, str]:
    """A person has a 本籍 or a nationality; the other rows are not on the paper, and "" here."""
    japanese = {"honseki": person.honseki, "hittousha": person.hittousha}
    foreign = {
        "nationality": person.nationality,
        "class_30_45": person.class_30_45,
        "residence_status": person.residence_status,
        "residence_period": person.residence_period,
        "residence_until": _own_calendar(person, person.residence_until) if person.residence_until else "",
    }
    mine, others = (foreign, japanese) if person.is_foreign else (japanese, foreign)
    shown = asked("kokuseki" if person.is_foreign else "honseki")
    card = _shown(person.residence_card, is_asked=asked("zairyu_card")) if person.is_foreign else ""
    told = {key: _shown(value, is_asked=shown) for key, value in mine.items()}
    return told | dict.fromkeys(others, "") | {"residence_card": card}


def _seal(seal: Seal) -> dict[str, Any]:
    return {"png": list(seal.png), "width_mm": seal.width_mm}


def _tax(tax: Tax, person: Resident) -> dict[str, str]:
    amounts = {name: f"{getattr(tax, name):,}" for name in AMOUNTS}
    # 賦課期日の住所: the register knows where a person lives, and since when; where they lived before is not told.
    is_known = person.address_since <= date(tax.year, 1, 1)
    return amounts | {"label": tax_year_label(tax.year), "address": person.address if is_known else EMPTY}


def _payment(payment: Payment) -> dict[str, str]:
    amounts = {name: f"{getattr(payment, name):,}" for name in ("due", "paid", "not_yet", "unpaid")}
    return amounts | {"item": payment.item}


def _shown(value: str, *, is_asked: bool) -> str:
    return (value or EMPTY) if is_asked else OMITTED


def _own_calendar(person: Resident, day: date) -> str:
    """As the person's own papers have it: a foreign resident's in the Western calendar, like their 在留カード [G]."""
    return f"{day.year}年{day.month}月{day.day}日" if person.is_foreign else wareki(day)


def _grouped(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
