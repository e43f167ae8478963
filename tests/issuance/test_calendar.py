"""Open or not, and the price of a day."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path

import msgspec
import pytest

from issuance import folder, rules
from issuance.calendar import Campaign, Fee, Hours, Maintenance
from issuance.clock import JST
from issuance.messages import Entitlement
from issuance.names import NameGuard
from issuance.rules import Case
from issuance.town import Town, TownError, read_town
from tests.issuance.papers import GUARD, KINDS, REGISTER, TOWN, subject

OFFICE = Hours("08:45", "17:00", (5, 6), (), ("12-29", "12-30", "12-31", "01-01", "01-02", "01-03"), True)
HALL = Hours("07:00", "20:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JST)


def town(**changes: object) -> Town:
    return msgspec.structs.replace(TOWN, hours=HALL, hours_of={"koseki_zenbu": OFFICE}, **changes)


def refusals(of: Town, now: datetime, guard: NameGuard = GUARD) -> dict[str, str]:
    return {each.kind: each.refusal for each in offers(of, now, guard)}


def offers(of: Town, now: datetime, guard: NameGuard = GUARD) -> tuple[Entitlement, ...]:
    applicant = REGISTER.resident("hanako")
    assert applicant is not None
    asked = subject("hanako", "juminhyo", {})
    case = Case(of, KINDS, applicant, asked.household, now, guard, asked.records)
    return rules.entitlements(case)


@pytest.mark.parametrize(
    ("now", "kiosk", "koseki"),
    [
        ("2026-11-20T06:59", False, False),
        ("2026-11-20T08:44", True, False),
        ("2026-11-20T08:45", True, True),
        ("2026-11-20T16:59", True, True),
        ("2026-11-20T17:00", True, False),
        ("2026-11-20T20:00", False, False),
        ("2026-11-21T12:00", True, False),  # Saturday
        ("2026-11-23T12:00", True, False),  # 勤労感謝の日
        ("2026-12-28T12:00", True, True),
        ("2026-12-29T12:00", True, False),
        ("2027-03-22T12:00", True, False),  # the Monday after a holiday on a Sunday
        ("2031-06-02T12:00", True, False),  # holidays of that year are not known
    ],
)
def test_the_family_register_keeps_office_hours(now: str, kiosk: bool, koseki: bool) -> None:
    found = refusals(town(), at(now))
    assert (found["juminhyo"] == "") is kiosk
    assert (found["koseki_zenbu"] == "") is koseki
    assert town().is_open(at(now)) is kiosk
    assert {found["juminhyo"], found["koseki_zenbu"]} <= {"", "N-305"}


def test_maintenance_stops_all_or_some() -> None:
    night = Maintenance(datetime(2026, 11, 20, 15), datetime(2026, 11, 20, 16))
    tax = Maintenance(datetime(2026, 11, 20, 12), datetime(2026, 11, 20, 13), ("kazei_shomei",))
    of = town(maintenance=(night, tax))
    assert [of.is_open(at(f"2026-11-20T{each}")) for each in ("14:59", "15:00", "15:59", "16:00")] == [
        True,
        False,
        False,
        True,
    ]
    assert [of.is_open(at("2026-11-20T12:30"), kind) for kind in ("kazei_shomei", "juminhyo")] == [
        False,
        True,
    ]
    assert refusals(of, at("2026-11-20T12:30"))["kazei_shomei"] == "N-305"


def test_a_campaign_has_its_days_and_never_costs_more() -> None:
    campaign = Campaign("普及", ("juminhyo", "koseki_zenbu"), 10, date(2026, 12, 1), date(2027, 3, 31))
    dear = Campaign("高い", ("inkan_shomei",), 990, date(2026, 12, 1), date(2027, 3, 31))
    of = town(campaigns=(campaign, dear))
    found = {
        day: fee.here
        for day in (date(2026, 11, 30), date(2026, 12, 1), date(2027, 3, 31), date(2027, 4, 1))
        if (fee := of.fee("juminhyo", day)) is not None
    }
    assert list(found.values()) == [200, 10, 10, 200]
    fee = of.fee("koseki_zenbu", date(2027, 1, 5))
    assert fee is not None
    assert (fee.here, fee.counter, fee.campaign) == (10, 450, "普及")
    other = of.fee("inkan_shomei", date(2027, 1, 5))
    assert other is not None
    assert (other.here, other.campaign) == (200, "")


def test_two_fees_on_one_day_are_a_mistake(tmp_path: Path) -> None:
    folder_of = tmp_path / "town"
    shutil.copytree(folder.SPECIMEN, folder_of)
    file = folder_of / "municipality.toml"
    more = '\n[[fees]]\nkind = "juminhyo"\nhere = 250\ncounter = 300\nvalid_from = "2027-04-01"\n'
    text = file.read_text(encoding="utf-8")
    file.write_text(text + more, encoding="utf-8")
    with pytest.raises(TownError, match="juminhyo"):
        read_town(folder_of)
    ended = text.replace(
        'valid_from = "2020-04-01"', 'valid_from = "2020-04-01"\nvalid_until = "2027-03-31"', 1
    )
    file.write_text(ended + more, encoding="utf-8")
    of = read_town(folder_of)
    prices = [of.fee("juminhyo", day) for day in (date(2027, 3, 31), date(2027, 4, 1))]
    assert [each.here for each in prices if each] == [200, 250]


def test_the_holidays_of_the_specimen_are_on_the_right_weekdays() -> None:
    for month, nth, name in ((1, 2, 12), (7, 3, 20), (9, 3, 21), (10, 2, 12)):
        day = date(2026, month, name)
        assert TOWN.holidays.has(day)
        assert day.weekday() == 0 and (day.day - 1) // 7 == nth - 1
    sundays = [day for day in TOWN.holidays.days if day.weekday() == 6]
    for day in sundays:  # a holiday on a Sunday is followed by a day off
        later = [each for each in TOWN.holidays.days if each > day]
        assert min(each for each in later if each.weekday() != 6) <= date.fromordinal(day.toordinal() + 4)


def test_a_fee_says_what_it_costs_elsewhere() -> None:
    fee = Fee("juminhyo", 200, 300, date(2026, 4, 1), None, 200)
    assert (fee.konbini, fee.holds_on(date(2026, 3, 31))) == (200, False)


@pytest.mark.parametrize(
    ("day", "juminhyo", "koseki"),
    [
        ("2026-11-20", ("07:00", "20:00"), ("08:45", "17:00")),
        ("2026-11-21", ("07:00", "20:00"), ("", "")),  # Saturday
        ("2026-11-23", ("07:00", "20:00"), ("", "")),  # 勤労感謝の日
    ],
)
def test_a_person_is_told_the_hours_of_each_kind(
    day: str, juminhyo: tuple[str, str], koseki: tuple[str, str]
) -> None:
    found = hours(town(), at(f"{day}T12:00"))
    assert found["juminhyo"] == juminhyo
    assert found["koseki_zenbu"] == koseki
    assert found["joseki"] == ("", "")  # at the counter only


def test_a_kinds_hours_end_with_the_kiosks() -> None:
    of = msgspec.structs.replace(town(), hours=Hours("09:30", "16:00"))
    assert hours(of, at("2026-11-20T12:00"))["koseki_zenbu"] == ("09:30", "16:00")


def hours(of: Town, now: datetime) -> dict[str, tuple[str, str]]:
    return {each.kind: (each.open_from, each.open_until) for each in offers(of, now)}
