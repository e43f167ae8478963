"""What a person may have, and what the outside may learn from a refusal."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from issuance import folder, rules
from issuance.app import make_app
from issuance.clock import town_day
from issuance.messages import Entitlement
from issuance.names import NameGuard
from issuance.paper import people_of
from issuance.problems import Code
from issuance.register import (
    MEMBER,
    FileRegister,
    Records,
    RegisterError,
    Resident,
    ResidentRegister,
    Seal,
    TaxYear,
    member_key,
)
from issuance.rules import Case
from issuance.town import Limits, TownError, read_kinds, read_town
from issuance.wareki import tax_year
from tests.issuance.desk_of import Server
from tests.issuance.people import FONT, NOW, Authority, Card, HandClock

TOWN = read_town(folder.SPECIMEN)
KINDS = read_kinds(folder.CERTIFICATES)
REGISTER = FileRegister(folder.SPECIMEN, lambda: town_day(NOW))


@pytest.fixture(scope="module")
def guard() -> NameGuard:
    return NameGuard.of_font(FONT)


def case_of(who: str, guard: NameGuard, now: datetime = NOW, **town: object) -> Case:
    applicant = REGISTER.resident(who)
    assert applicant is not None
    changed = msgspec.structs.replace(TOWN, **town)
    year = tax_year(town_day(now))
    records = Records(
        REGISTER.seal(who),
        REGISTER.tax(who, year),
        REGISTER.has_tax_year(year),
        REGISTER.payments(who, year),
        REGISTER.family(who),
        tuple(
            TaxYear(each, REGISTER.tax(who, each), REGISTER.payments(who, each))
            for each in (year - 1, year - 2)
        ),
    )
    return Case(changed, KINDS, applicant, REGISTER.household(applicant.household), now, guard, records)


@pytest.mark.parametrize(
    ("who", "code", "why"),
    [
        ("kodomo", Code.UNDER_AGE, "under-age"),
        ("tenshutsu", Code.MOVED_OUT, "moved-out"),
        ("bochi", Code.COUNTER, "dead"),
    ],
)
def test_some_get_nothing_at_all(guard: NameGuard, who: str, code: Code, why: str) -> None:
    refusal = rules.refusal_at_the_door(case_of(who, guard))
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (code, why)


@pytest.mark.parametrize(
    "who", ["hanako", "taro", "yoshiko", "maria", "sato", "goro", "daike", "john", "watanabe", "nokori"]
)
def test_most_get_what_they_came_for(guard: NameGuard, who: str) -> None:
    case = case_of(who, guard)
    assert rules.refusal_at_the_door(case) is None
    assert rules.refusal_of_kind(case, "juminhyo") is None


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("mamoru", "protected"),
        ("tonari", "protected"),  # not she: somebody of her household
        ("yotei", "leaving"),
        ("yotei2", "leaving"),
        ("gaiji", "glyph"),
        ("gaiji2", "glyph"),
        ("nagai", "too-long"),
    ],
)
def test_many_reasons_share_one_harmless_code(guard: NameGuard, who: str, why: str) -> None:
    refusal = rules.refusal_of_kind(case_of(who, guard), "juminhyo")
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (Code.COUNTER, why)


def test_the_outside_of_a_protection_measure_is_that_of_a_missing_glyph(
    server: Server, cards: dict[str, Card]
) -> None:
    """Byte for byte: who reads the answer learns nothing about whom it protects."""
    answers = {who: server.authenticate(cards[who])[1].body for who in ("mamoru", "gaiji2")}
    assert answers["mamoru"] == answers["gaiji2"]
    households = {who: server.authenticate(cards[who])[1].body for who in ("tonari", "yotei2")}
    juminhyo = [each["entitlements"][0] for each in households.values()]
    assert juminhyo[0] == juminhyo[1]
    assert juminhyo[0]["refusal"] == "N-301"


def test_a_protection_measure_is_asked_again_when_the_paper_is_made(
    server: Server, cards: dict[str, Card]
) -> None:
    transaction, _ = server.authenticate(cards["tonari"])
    order = server.machine.order(transaction, cards["tonari"], options={"whom": "self"})
    answer = server.post("/v1/documents", order)
    assert (answer.problem, answer.body["code"]) == ("refused", "N-301")


def test_who_arrived_today_waits_until_tomorrow(guard: NameGuard) -> None:
    today = town_day(NOW)
    case = case_of("sato", guard)
    newcomer = msgspec.structs.replace(case.applicant, notified_on=today)
    arrived = msgspec.structs.replace(case, applicant=newcomer, household=(newcomer,))
    assert _refused(arrived, "juminhyo") == ("N-306", "arrived-today")
    tomorrow = msgspec.structs.replace(arrived, now=NOW + timedelta(days=1))
    assert rules.refusal_of_kind(tomorrow, "juminhyo") is None
    # Of another person on the paper nothing is told.
    joined = msgspec.structs.replace(case, household=(case.applicant, newcomer))
    assert _refused(joined, "juminhyo") == ("N-301", "arrived-today")


@pytest.mark.parametrize("change", [{"is_protected": True}, {"is_updating": True}, {"state": "leaving"}])
@pytest.mark.parametrize("whose", ["the applicant", "another"])
def test_the_shared_code_is_said_before_any_other(
    guard: NameGuard, change: dict[str, Any], whose: str
) -> None:
    """Whoever of the paper it is about, and whatever else could be said of the applicant."""
    case = case_of("nguyen", guard)  # no seal, no tax
    applicant = msgspec.structs.replace(case.applicant, notified_on=town_day(NOW))
    other = msgspec.structs.replace(applicant, id="other")
    if whose == "another":
        household = (applicant, msgspec.structs.replace(other, **change))
    else:
        applicant = msgspec.structs.replace(applicant, **change)
        household = (applicant, other)
    case = msgspec.structs.replace(case, applicant=applicant, household=household)
    codes = {offer.kind: offer.refusal for offer in rules.entitlements(case)}
    assert (codes["juminhyo"], codes["kisai_jiko"]) == ("N-301", "N-301")
    if whose == "the applicant":
        assert set(codes.values()) == {"N-301"}


def test_of_a_protected_person_no_move_is_told(guard: NameGuard) -> None:
    case = case_of("tenshutsu", guard)
    case = msgspec.structs.replace(case, applicant=msgspec.structs.replace(case.applicant, is_protected=True))
    refusal = rules.refusal_at_the_door(case)
    assert refusal is not None
    assert refusal.code is Code.COUNTER


def test_a_card_ends_with_the_period_of_stay(guard: NameGuard) -> None:
    case = case_of("nguyen", guard)
    for now, code in (
        (datetime(2027, 3, 31, 14, 59, tzinfo=UTC), None),  # the last day in Japan
        (datetime(2027, 3, 31, 15, 0, tzinfo=UTC), Code.STAY_ENDED),
    ):
        refusal = rules.refusal_at_the_door(msgspec.structs.replace(case, now=now))
        assert (refusal.code if refusal else None) == code


def test_an_expired_card_is_told_of_the_stay_only_to_its_own_holder(
    server: Server, authority: Authority, cards: dict[str, Card]
) -> None:
    """Maria's stay ends on 2028-04-30, and her certificate with it."""
    card = _card(cards["maria"], ends=datetime(2028, 4, 30, tzinfo=UTC))
    server.clock.at = datetime(2028, 5, 10, tzinfo=UTC)
    crl = authority.crl(this_update=server.clock.at, next_update=server.clock.at + timedelta(days=7))
    (server.path / "jpki" / "crl" / "ca.crl").write_bytes(crl.public_bytes(Encoding.DER))
    assert server.authenticate(card)[1].body["code"] == "N-312"
    stranger = _card(card, key=ec.generate_private_key(ec.SECP256R1()))
    stranger.__dict__["certificate"] = card.certificate  # shown without the card that signs
    assert server.authenticate(stranger)[1].body["code"] == "C-108"
    japanese = _card(cards["hanako"], ends=datetime(2028, 4, 30, tzinfo=UTC))
    assert server.authenticate(japanese)[1].body["code"] == "C-103"


def _card(card: Card, **changes: Any) -> Card:
    return dataclasses.replace(card, **changes)


def test_a_new_certificate_waits_for_the_register(server: Server, cards: dict[str, Card]) -> None:
    limits = msgspec.structs.replace(TOWN.limits, new_certificate_waits_days=1)
    office = msgspec.structs.replace(server.office, town=msgspec.structs.replace(TOWN, limits=limits))
    server.app = make_app(office)
    renewed = _card(cards["hanako"], begins=NOW - timedelta(hours=1))
    assert server.authenticate(renewed)[1].body["code"] == "C-105"
    server.clock.at += timedelta(days=1)
    assert server.authenticate(renewed)[1].status == 200


def test_every_refusal_takes_the_same_time(server: Server, cards: dict[str, Card]) -> None:
    """On the server's own clock: how long it thought cannot be seen, and the bytes are the same."""
    thinks = {"mamoru": 0.001, "gaiji": 0.090, "gaiji2": 0.240, "hanako": 0.010}
    register = SlowRegister(server.office.register, server.clock, thinks)
    server.app = make_app(msgspec.structs.replace(server.office, register=register))
    seen = {}
    for who in thinks:
        begun = server.clock.monotonic_s()
        transaction, answer = server.authenticate(cards[who])
        middle = server.clock.monotonic_s()
        order = server.machine.order(transaction, cards[who], kind="kisai_jiko")
        refused = server.post("/v1/documents", order)
        times = (round(middle - begun, 6), round(server.clock.monotonic_s() - middle, 6))
        seen[who] = (times, answer.raw if who != "hanako" else b"", refused.status)
    assert seen["mamoru"] == seen["gaiji"] == seen["gaiji2"] == ((0.25, 0.25), seen["mamoru"][1], 403)
    # Not refused: nobody waits.
    assert seen["hanako"] == ((0.01, 0.01), b"", 201)


def test_thinking_longer_than_a_beat_ends_on_the_next(server: Server, cards: dict[str, Card]) -> None:
    register = SlowRegister(server.office.register, server.clock, {"kodomo": 0.3})
    server.app = make_app(msgspec.structs.replace(server.office, register=register))
    begun = server.clock.monotonic_s()
    assert server.authenticate(cards["kodomo"])[1].body["code"] == "N-303"
    assert server.clock.monotonic_s() - begun == pytest.approx(0.5)


@dataclasses.dataclass
class SlowRegister:
    """Takes its time with some people."""

    real: ResidentRegister
    clock: HandClock
    thinks: dict[str, float]

    def resident(self, resident: str) -> Resident | None:
        self.clock.at += timedelta(seconds=self.thinks.get(resident, 0.0))
        return self.real.resident(resident)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def _refused(case: Case, kind: str) -> tuple[str, str]:
    refusal = rules.refusal_of_kind(case, kind)
    assert refusal is not None
    return refusal.code.value, refusal.reason


def test_no_seal_no_seal_certificate(guard: NameGuard) -> None:
    assert rules.refusal_of_kind(case_of("hanako", guard), "inkan_shomei") is None
    refusal = rules.refusal_of_kind(case_of("ichiro", guard), "inkan_shomei")
    assert refusal is not None
    assert refusal.code is Code.NO_SEAL


def test_the_tax_of_a_year_is_known_from_june(guard: NameGuard) -> None:
    for now, code in (
        (datetime(2024, 5, 31, 14, 59, tzinfo=UTC), "N-301"),
        (datetime(2024, 5, 31, 15, 0, tzinfo=UTC), ""),
    ):
        refusal = rules.refusal_of_kind(case_of("ichiro", guard, now), "kazei_shomei")
        assert (refusal.code.value if refusal else "") == code


@pytest.mark.parametrize(
    ("who", "now", "expected"),
    [
        ("nguyen", NOW, ("N-309", "not-declared")),
        ("shinjin", NOW, ("N-307", "taxed-elsewhere")),  # came in April 2026
        ("shinjin", datetime(2027, 3, 1, tzinfo=UTC), ("N-308", "tax-from-june")),
        ("ichiro", datetime(2028, 3, 1, tzinfo=UTC), ("N-301", "no-tax-year")),
    ],
)
def test_why_there_is_no_tax(guard: NameGuard, who: str, now: datetime, expected: tuple[str, str]) -> None:
    assert _refused(case_of(who, guard, now), "kazei_shomei") == expected


def test_what_is_due_is_not_certified_as_paid(guard: NameGuard) -> None:
    assert rules.refusal_of_kind(case_of("sato", guard), "nozei_shomei") is None
    assert _refused(case_of("mutsu", guard), "nozei_shomei") == ("N-310", "not-paid")
    assert _refused(case_of("keiko", guard), "nozei_shomei") == ("N-301", "no-payments")


def _years(case: Case, kind: str) -> tuple[str, ...]:
    offers = {each.kind: each for each in rules.entitlements(case)}
    return next((each.choices for each in offers[kind].options if each.key == "tax_year"), ())


TAX_KINDS = ("kazei_shomei", "shotoku_shomei", "shotoku_kazei")


def test_the_fiscal_year_is_asked_where_there_are_several(server: Server) -> None:
    """Only those of which this person has a record, the newest first and the default."""
    office, ichiro, maria = server.office, REGISTER.resident("ichiro"), REGISTER.resident("maria")
    assert ichiro is not None and maria is not None
    case = office.case(ichiro, NOW)
    for kind in (*TAX_KINDS, "nozei_shomei"):
        assert _years(case, kind) == ("y2026", "y2025", "y2024")
    assert _years(case, "juminhyo") == _years(case, "koseki_zenbu") == ()
    assert all(_years(office.case(maria, NOW), kind) == () for kind in TAX_KINDS), "one year is no question"
    one = msgspec.structs.replace(
        office, town=msgspec.structs.replace(office.town, limits=Limits(tax_years=1))
    )
    assert _years(one.case(ichiro, NOW), "kazei_shomei") == ()


def test_a_year_that_is_not_paid_is_not_offered(guard: NameGuard) -> None:
    case = case_of("ichiro", guard)
    owing = tuple(
        msgspec.structs.replace(year, payments=(msgspec.structs.replace(year.payments[0], paid=0),))
        if year.year == 2025
        else year
        for year in case.records.earlier
    )
    case = msgspec.structs.replace(case, records=msgspec.structs.replace(case.records, earlier=owing))
    assert _years(case, "nozei_shomei") == ("y2026", "y2024")
    assert _years(case, "kazei_shomei") == ("y2026", "y2025", "y2024")
    kind = KINDS["nozei_shomei"]
    assert rules.choices(case, kind, {"tax_year": "y2025"}) is None
    assert rules.choices(case, kind, {}) == {"tax_year": "y2026"}


def test_a_paper_rests_on_the_year_that_was_chosen(guard: NameGuard) -> None:
    case = case_of("ichiro", guard)
    for chosen, year in (
        (dict[str, str](), 2026),
        ({"tax_year": "y2026"}, 2026),
        ({"tax_year": "y2024"}, 2024),
    ):
        records = rules.records_for(case, chosen)
        assert records.tax is not None and records.tax.year == year
        assert {each.year for each in records.payments} == {year}


@pytest.mark.parametrize("year", [2026, 2027, 2031, 2044])
def test_the_specimen_does_not_grow_old(guard: NameGuard, year: int) -> None:
    """Its taxes are of the year in which it is asked, and no stay of it has ended."""
    for month in (1, 5, 6, 12):
        at = datetime(year, month, 15, tzinfo=UTC)
        register = FileRegister(folder.SPECIMEN, lambda at=at: town_day(at))  # type: ignore[misc]  # a default
        newest = tax_year(town_day(at))
        tax = register.tax("ichiro", newest)
        assert tax is not None and tax.year == newest
        assert register.tax("ichiro", newest - 2) is not None
        assert register.tax("ichiro", newest + 1) is register.tax("ichiro", newest - 3) is None
        assert {each.year for each in register.payments("ichiro", newest - 1)} == {newest - 1}
        for person in register:
            assert not rules.has_stay_ended(person, town_day(at))
        young = register.resident("kodomo")
        assert young is not None and young.age_on(town_day(at)) < 15


def test_what_is_the_counters_is_named_and_sent_there(guard: NameGuard) -> None:
    """除票, 除籍 and 改製原戸籍: the same words as for every other reason, no price, nothing to choose."""
    offers = {each.kind: each for each in rules.entitlements(case_of("hanako", guard))}
    for kind in ("johyo", "joseki", "kaisei_genkoseki"):
        assert offers[kind] == Entitlement(kind, 0, 0, (), "N-301")
        assert _refused(case_of("hanako", guard), kind) == ("N-301", "no-template")


def test_a_notification_to_the_family_register_stops_its_papers_alone(guard: NameGuard) -> None:
    case = case_of("ichiro", guard)
    family = case.records.family
    assert family is not None
    waiting = msgspec.structs.replace(family, is_updating=True)
    case = msgspec.structs.replace(case, records=msgspec.structs.replace(case.records, family=waiting))
    refused = {each.kind: each.refusal for each in rules.entitlements(case)}
    assert {kind for kind, code in refused.items() if code == "N-301"} >= {
        "koseki_zenbu",
        "koseki_kojin",
        "fuhyo",
    }
    assert all(not refused[kind] for kind in ("juminhyo", "kisai_jiko", *TAX_KINDS, "nozei_shomei"))


@pytest.mark.parametrize("kind", ["koseki_zenbu", "koseki_kojin", "fuhyo"])
def test_a_family_register_is_where_its_place_is(guard: NameGuard, kind: str) -> None:
    case = case_of("sato", guard)
    assert rules.refusal_of_kind(case, kind) is None
    elsewhere = msgspec.structs.replace(case.applicant, honseki="見本県見本市西町８番地")
    assert _refused(msgspec.structs.replace(case, applicant=elsewhere), kind) == (
        "N-311",
        "honseki-elsewhere",
    )
    assert _refused(case_of("maria", guard), kind) == ("N-301", "no-honseki")
    nowhere = msgspec.structs.replace(case, records=msgspec.structs.replace(case.records, family=None))
    assert _refused(nowhere, kind) == ("N-301", "no-family")


@pytest.mark.parametrize("kind", ["koseki_zenbu", "koseki_kojin", "fuhyo"])
def test_everybody_in_the_family_register_counts(guard: NameGuard, kind: str) -> None:
    """Who lives elsewhere under protection is in it, and a 附票 says where."""
    case = case_of("goro", guard)
    family = case.records.family
    assert family is not None
    assert _refused(case_of("shinjin", guard), kind) == ("N-301", "updating")
    assert _refused(case_of("gaiji", guard), kind) == ("N-301", "glyph")
    for at in range(len(family.members)):
        members = list(family.members)
        members[at] = msgspec.structs.replace(members[at], is_protected=True)
        protected = msgspec.structs.replace(family, members=tuple(members))
        records = msgspec.structs.replace(case.records, family=protected)
        assert _refused(msgspec.structs.replace(case, records=records), kind) == ("N-301", "protected")


def test_a_member_whom_the_residents_register_protects(server: Server) -> None:
    """The applicant is not protected, nor is the family's file aware of it."""
    applicant = REGISTER.resident("tonari")
    family = REGISTER.family("tonari")
    assert applicant is not None and family is not None
    assert not any(member.is_protected for member in family.members)
    case = server.office.case(applicant, NOW)
    assert _refused(case, "fuhyo") == ("N-301", "protected")


def test_the_specimens_taxes_add_up() -> None:
    taxes = [tax for person in REGISTER if (tax := REGISTER.tax(person.id, 2026)) is not None]
    assert len(taxes) >= 10
    for tax in taxes:
        income = tax.salary_income + tax.misc_income + tax.business_income + tax.real_estate_income
        levies = (
            tax.city_income_levy
            + tax.prefecture_income_levy
            + tax.city_per_capita
            + tax.prefecture_per_capita
        )
        assert tax.total_income == income
        assert tax.total_tax == levies + tax.forest_tax


def test_only_the_applicant_counts_where_only_the_applicant_is_on_the_paper(guard: NameGuard) -> None:
    assert rules.refusal_of_kind(case_of("tonari", guard), "inkan_shomei") is None


def test_a_kind_without_a_template_is_issued_at_the_counter(guard: NameGuard) -> None:
    case = case_of("hanako", guard)
    kinds = {key: kind for key, kind in KINDS.items() if key != "koseki_zenbu"}
    offers = {each.kind: each for each in rules.entitlements(msgspec.structs.replace(case, kinds=kinds))}
    assert (offers["koseki_zenbu"].refusal, offers["koseki_zenbu"].fee) == ("N-301", 350)


def test_outside_hours(guard: NameGuard) -> None:
    hours = msgspec.structs.replace(TOWN.hours, open="08:30", close="17:15", closed_weekdays=(5, 6))
    expected = {
        datetime(2026, 11, 19, 23, 29, tzinfo=UTC): "N-305",  # Friday 8:29 in Japan
        datetime(2026, 11, 19, 23, 30, tzinfo=UTC): "",
        datetime(2026, 11, 20, 8, 14, tzinfo=UTC): "",
        datetime(2026, 11, 20, 8, 15, tzinfo=UTC): "N-305",
        datetime(2026, 11, 21, 3, 0, tzinfo=UTC): "N-305",  # Saturday
    }
    for now, code in expected.items():
        offers = rules.entitlements(case_of("hanako", guard, now, hours=hours))
        assert offers[0].refusal == code, now


def test_fees_change_on_their_day(guard: NameGuard) -> None:
    """A campaign of ¥10 for a month, as several towns had."""
    usual = TOWN.fees[0]
    campaign = msgspec.structs.replace(
        usual, here=10, valid_from=date(2026, 11, 1), valid_until=date(2026, 11, 30)
    )
    fees = (campaign, *TOWN.fees)
    for now, fee in (
        (datetime(2026, 11, 30, 14, 59, tzinfo=UTC), 10),
        (datetime(2026, 11, 30, 15, 0, tzinfo=UTC), 200),
    ):
        assert rules.entitlements(case_of("hanako", guard, now, fees=fees))[0].fee == fee


def test_questions_are_asked_only_of_whom_they_concern(guard: NameGuard) -> None:
    asked = {
        who: [
            option.key
            for option in rules.entitlements(case_of(who, guard))[0].options
            if not option.key.startswith(MEMBER)
        ]
        for who in ("hanako", "yoshiko", "maria", "john")
    }
    assert asked == {
        "hanako": ["whom", "zokugara", "honseki", "kojin_bango"],
        "yoshiko": ["zokugara", "honseki", "kojin_bango"],
        "maria": ["zokugara", "kokuseki", "zairyu_card", "kojin_bango"],
        "john": ["whom", "zokugara", "honseki", "kokuseki", "zairyu_card", "kojin_bango"],
    }


def test_people_are_chosen_one_by_one(guard: NameGuard) -> None:
    """Each by what the family calls them; who is not of the household cannot be chosen."""
    case, kind = case_of("john", guard), KINDS["juminhyo"]
    offered = rules.entitlements(case)[0].options
    members = [each for each in offered if each.key.startswith(MEMBER)]
    assert [each.label for each in members] == ["ジョン", "恵子", "絵真"]
    assert {(each.only_if.key, each.only_if.choice) for each in members if each.only_if} == {("whom", "some")}
    keiko, emma = (member_key(person) for person in case.household[1:])
    chosen = rules.choices(case, kind, {"whom": "some", emma: "yes", keiko: "no"})
    assert chosen is not None
    assert [each.id for each in people_of(kind, case.applicant, case.household, chosen)] == ["emma"]
    nobody = rules.choices(case, kind, {"whom": "some"})
    assert nobody is not None
    assert people_of(kind, case.applicant, case.household, nobody) == (case.applicant,)
    stranger = REGISTER.resident("taro")
    assert stranger is not None
    assert rules.choices(case, kind, {"whom": "some", member_key(stranger): "yes"}) is None
    # Answered before, and then "me alone": the answers do not count.
    assert rules.choices(case, kind, {"whom": "self", emma: "yes"}) == rules.choices(case, kind, {})


def test_what_is_not_asked_shows_the_least(guard: NameGuard) -> None:
    chosen = rules.choices(case_of("hanako", guard), KINDS["juminhyo"], {})
    yes_no = ("zokugara", "honseki", "kokuseki", "zairyu_card", "kojin_bango")
    assert chosen == {"whom": "self"} | dict.fromkeys(yes_no, "no")


# --- the specimen town and its files --------------------------------------------------------------------


def test_no_number_of_the_specimen_can_be_anybodys() -> None:
    """個人番号 carry a check digit (番号法施行令8条); ours are wrong on purpose. The six of the demo cards
    have right ones, as their cards have, and begin with eight zeros."""
    for person in REGISTER:
        if person.my_number.startswith("00000000"):
            continue
        digits = [int(each) for each in person.my_number]
        assert len(digits) == 12
        total = sum(
            digit * (at + 1 if at <= 6 else at - 5) for at, digit in enumerate(reversed(digits[:-1]), start=1)
        )
        check = 0 if total % 11 <= 1 else 11 - total % 11
        assert digits[-1] != check


def test_nobody_lives_in_a_real_place() -> None:
    assert all(person.address.startswith("例示県例示市") for person in REGISTER)
    assert len(REGISTER) >= 36


def test_a_register_counts_whole_or_not_at_all(tmp_path: Path) -> None:
    lines = (folder.SPECIMEN / "residents.csv").read_text(encoding="utf-8").splitlines()
    shutil.copytree(folder.SPECIMEN / "seals", tmp_path / "seals")
    shutil.copy(folder.SPECIMEN / "taxes.csv", tmp_path)
    file = tmp_path / "residents.csv"
    for broken in (
        [*lines[:3], lines[2]],
        [*lines[:3], lines[3].replace("1968-07-20", "never")],
        [*lines[:2], "x"],
    ):
        file.write_text("\n".join(broken), encoding="utf-8")
        with pytest.raises(RegisterError) as caught:
            FileRegister(tmp_path)
        assert "例示" not in str(caught.value)


def test_a_town_without_seals_and_taxes_offers_none(tmp_path: Path) -> None:
    shutil.copy(folder.SPECIMEN / "residents.csv", tmp_path)
    register = FileRegister(tmp_path)
    assert (register.seal("hanako"), register.tax("hanako", 2026)) == (None, None)


def test_a_seal_says_its_size(tmp_path: Path) -> None:
    """At the wrong size a seal is another seal."""
    shutil.copytree(folder.SPECIMEN, tmp_path / "town")
    file = tmp_path / "town" / "seals" / "hanako.png"
    png = file.read_bytes()
    at = png.index(b"pHYs") + 4
    assert FileRegister(tmp_path / "town").seal("hanako") == Seal(png, 11.98)
    tenfold = png[:at] + (2362).to_bytes(4, "big") + png[at + 4 :]
    for broken in (b"", b"junk", png[: at - 4] + b"tEXt" + png[at:], tenfold):
        file.write_bytes(broken)
        with pytest.raises(RegisterError, match="hanako"):
            FileRegister(tmp_path / "town")


def test_a_towns_files_are_read_strictly(tmp_path: Path) -> None:
    good = (folder.SPECIMEN / "municipality.toml").read_text(encoding="utf-8")
    file = tmp_path / "municipality.toml"
    for broken in (
        good + "\nsurprise = 1",
        good.replace("here = 200", "here = 205"),
        good.replace('"24:00"', '"24:30"'),
    ):
        file.write_text(broken, encoding="utf-8")
        with pytest.raises(TownError, match="municipality"):
            read_town(tmp_path)


def test_age_is_completed_years() -> None:
    born = msgspec.structs.replace(_anybody(), birth=date(2011, 11, 21))
    assert (born.age_on(date(2026, 11, 20)), born.age_on(date(2026, 11, 21))) == (14, 15)


def _anybody() -> Resident:
    person = REGISTER.resident("hanako")
    assert person is not None
    return person
