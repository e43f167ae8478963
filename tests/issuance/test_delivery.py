"""A town of any size as a delivery of basic data, and the register that is made of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from issuance import folder, indexed
from issuance.basic_data import DELIVERY, FAMILIES_FILE, Delivery, tables
from issuance.indexed import IndexedRegister, load
from issuance.names import NameGuard
from issuance.register import CheckedRegister, FileRegister, RegisterError, Resident
from issuance.sample_town import main, write
from tests.issuance.desk_of import Server
from tests.issuance.people import FONT, NOW, Authority, Card, link_also

PEOPLE = 6000


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("town") / "delivery"
    write(out, residents=PEOPLE, seed=5, as_of=NOW - timedelta(hours=6), has_families=True)
    return out


@pytest.fixture(scope="module")
def register(delivery: Path) -> IndexedRegister:
    file = delivery.parent / indexed.FILE
    counts = load(Delivery(delivery), file)
    assert counts["residents"] == PEOPLE
    return IndexedRegister(file)


def _everybody(register: IndexedRegister) -> list[Resident]:
    found = (register.resident(f"{number:010d}") for number in range(1, PEOPLE + 1))
    return [each for each in found if each is not None]


def test_every_hard_case_lives_in_the_town(register: IndexedRegister) -> None:
    people = _everybody(register)
    assert len(people) == PEOPLE
    guard = NameGuard.of_font(FONT)
    day = NOW.date()
    cases = Counter[str]()
    for each in people:
        texts = [value for value in msgspec.structs.astuple(each) if isinstance(value, str)]
        cases.update(
            name
            for name, is_one in {
                each.state: True,
                "protected": each.is_protected,
                "updating": each.is_updating,
                "no-glyph": not guard.can_draw(texts),
                "sequence": "\U000e0102" in each.name,
                "former-name": bool(each.former_name),
                "alias": bool(each.alias),
                "long": len(each.name) > 60,
                "child": each.age_on(day) < 15,
                "seal": register.seal(each.id) is not None,
            }.items()
            if is_one
        )
    assert all(
        cases[name]
        for name in (
            "resident leaving moved_out dead protected updating no-glyph sequence former-name alias long child seal"
        ).split()
    ), cases
    assert max(Counter(each.household for each in people).values()) == 15


def test_nobody_of_it_can_be_anybody(register: IndexedRegister) -> None:
    for each in _everybody(register):
        digits = [int(digit) for digit in each.my_number]
        total = sum(
            digit * (at + 1 if at <= 6 else at - 5) for at, digit in enumerate(reversed(digits[:-1]), 1)
        )
        assert digits[-1] != (0 if total % 11 <= 1 else 11 - total % 11)
        assert each.address.startswith("例示県例示市")


def test_the_same_seed_is_the_same_town(delivery: Path, tmp_path: Path) -> None:
    as_of = (NOW - timedelta(hours=6)).isoformat()
    arguments = [
        "--residents",
        str(PEOPLE),
        "--seed",
        "5",
        "--out",
        str(tmp_path / "again"),
        "--as-of",
        as_of,
        "--families",
    ]
    assert main(arguments) == 0
    assert main(arguments) == 1  # nothing is written over
    for file in (FAMILIES_FILE, *(table.file for table in tables().values())):
        assert (tmp_path / "again" / file).read_bytes() == (delivery / file).read_bytes()


def test_a_household_is_its_living_members_head_first(register: IndexedRegister) -> None:
    people = _everybody(register)
    for household in {each.household for each in people[:500]}:
        found = register.household(household)
        assert found == tuple(each for each in people if each.household == household and each.lives_here)
    assert register.household("") == ()
    assert register.resident("nobody") is None


def test_a_tax_and_its_payments_belong_together(register: IndexedRegister) -> None:
    taxed = [tax for each in _everybody(register) if (tax := register.tax(each.id, 2026)) is not None]
    assert len(taxed) > PEOPLE // 2
    for tax in taxed:
        (payment,) = register.payments(tax.resident, 2026)
        assert payment.due == tax.total_tax
        assert payment.paid + payment.not_yet <= payment.due
    assert register.has_tax_year(2026)
    assert not register.has_tax_year(2025)


def test_a_family_is_found_by_who_is_in_it_now(register: IndexedRegister) -> None:
    people = _everybody(register)
    found = [(each, register.family(each.id)) for each in people]
    with_one = [(each, family) for each, family in found if family is not None]
    assert len(with_one) > PEOPLE // 3
    for each, family in with_one[:300]:
        member = family.member(each.id)
        assert member is not None and (member.name, family.honseki) == (each.name, each.honseki)
    assert any(family.is_updating for _, family in with_one)
    assert any(member.has_left for _, family in with_one for member in family.members)
    assert all(each.honseki for each, _ in with_one)
    assert register.family("nobody") is None


def _families_alone(delivery: Path, to: Path, as_of: datetime, lines: list[bytes]) -> Path:
    """A delivery of the 戸籍 system, which knows nothing of the others."""
    to.mkdir()
    data = b"".join(lines)
    (to / FAMILIES_FILE).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    said = f'[families]\nas_of = {as_of.isoformat()}\nrows = {len(lines)}\nsha256 = "{digest}"\n'
    (to / DELIVERY).write_text(said, encoding="utf-8")
    return to


def test_the_families_come_by_themselves_and_replace_only_themselves(delivery: Path, tmp_path: Path) -> None:
    file = tmp_path / indexed.FILE
    lines = (delivery / FAMILIES_FILE).read_bytes().splitlines(keepends=True)
    first = _families_alone(delivery, tmp_path / "one", NOW, lines[:1])
    with pytest.raises(RegisterError, match="residents first"):
        load(Delivery(first), file)
    load(Delivery(delivery), file)
    register = IndexedRegister(file)
    before = register.as_of("residents")
    assert load(Delivery(first), file) == {"families": 1}
    assert (register.as_of("residents"), register.as_of("families")) == (before, NOW)
    assert sum(register.family(each.id) is not None for each in _everybody(register)) < 16
    write(tmp_path / "small", residents=10, seed=6, as_of=NOW)
    load(Delivery(tmp_path / "small"), file)
    assert register.as_of("families") == NOW, "residents alone leave the 戸籍 as it was"


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines, lines[0]],
        lambda lines: [lines[0].replace(b'"honseki"', b'"honzeki"'), *lines[1:]],
        lambda lines: [b"\xff" + lines[0], *lines[1:]],
        lambda lines: [lines[0][:40] + b"\n", *lines[1:]],
    ],
    ids=["twice", "unknown", "not-utf8", "cut"],
)
def test_families_count_whole_or_not_at_all(delivery: Path, tmp_path: Path, change: Any) -> None:
    file = tmp_path / indexed.FILE
    load(Delivery(delivery), file)
    before = (file.stat().st_ino, (tmp_path / indexed.FAMILIES_FILE).read_bytes())
    lines = (delivery / FAMILIES_FILE).read_bytes().splitlines(keepends=True)
    bad = _families_alone(delivery, tmp_path / "bad", NOW, change(lines[:20]))
    with pytest.raises(RegisterError) as caught:
        load(Delivery(bad), file)
    assert "例示" not in str(caught.value)
    assert (file.stat().st_ino, (tmp_path / indexed.FAMILIES_FILE).read_bytes()) == before
    (bad / DELIVERY).write_text((bad / DELIVERY).read_text().replace("rows = 2", "rows = 3"))
    with pytest.raises(RegisterError):
        load(Delivery(bad), file)


def _copy(delivery: Path, to: Path) -> Path:
    to.mkdir()
    for file in delivery.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    return to


def _resealed(to: Path, key: str, change: Any) -> None:
    """Change a file, and let delivery.toml speak of the changed one."""
    file = to / tables()[key].file
    old = file.read_bytes()
    file.write_bytes(change(old))
    text = (to / DELIVERY).read_text(encoding="utf-8")
    digests = [hashlib.sha256(each).hexdigest() for each in (old, file.read_bytes())]
    (to / DELIVERY).write_text(text.replace(*digests), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "is_resealed"),
    [
        (lambda data: data[:-20], False),
        (lambda data: data.replace("例示市".encode(), "例示町".encode(), 1), False),
        (lambda data: data.replace("宛名番号".encode(), b"ID", 1), True),
        (lambda data: data.replace(b"0000000002", b"0000000001", 1), True),
        (lambda data: data.replace("例".encode(), b"\xff\xff\xff", 1), True),
        (lambda data: data + b"1,2\r\n", True),
    ],
    ids=["cut", "changed", "no-column", "twice", "not-utf8", "ragged"],
)
def test_a_delivery_counts_whole_or_not_at_all(
    delivery: Path, tmp_path: Path, change: Any, is_resealed: bool
) -> None:
    file = tmp_path / indexed.FILE
    load(Delivery(delivery), file)
    before = IndexedRegister(file).resident("0000000001")
    bad = _copy(delivery, tmp_path / "bad")
    if is_resealed:
        _resealed(bad, "residents", change)
    else:
        residents = bad / tables()["residents"].file
        residents.write_bytes(change(residents.read_bytes()))
    with pytest.raises(RegisterError) as caught:
        load(Delivery(bad), file)
    assert "例示" not in str(caught.value)
    assert IndexedRegister(file).resident("0000000001") == before


def test_what_delivery_toml_says_is_read_strictly(delivery: Path, tmp_path: Path) -> None:
    bad = _copy(delivery, tmp_path / "bad")
    for text in ("", "[pets]\nas_of = 2026-11-20T00:00:00Z\nrows = 1\nsha256 = ''", "[residents]\nrows = 1"):
        (bad / DELIVERY).write_text(text, encoding="utf-8")
        with pytest.raises(RegisterError):
            Delivery(bad)


def test_a_new_register_is_seen_at_the_next_question(delivery: Path, tmp_path: Path) -> None:
    file = tmp_path / indexed.FILE
    load(Delivery(delivery), file)
    register = IndexedRegister(file)
    assert register.resident(f"{PEOPLE:010d}") is not None
    write(tmp_path / "small", residents=10, seed=6, as_of=NOW)
    load(Delivery(tmp_path / "small"), file)
    assert register.resident(f"{PEOPLE:010d}") is None
    assert register.as_of("residents") == NOW


# --- in front of a kiosk ------------------------------------------------------------------------------------


@pytest.fixture
def town(delivery: Path, tmp_path: Path, authority: Authority) -> Any:
    """A server whose register came as a delivery, and the card of somebody there."""
    server = Server(tmp_path / "server", authority, {})
    folder.load_register(server.path, delivery, server.clock)
    server.close()
    register = IndexedRegister(server.path / indexed.FILE)
    who = next(each for each in _everybody(register) if _is_plain(register, each))
    card = Card(authority, serial=0x7001)
    link_also(server.path, authority, card, who.id)
    office = folder.open_office(server.path, font=FONT, clock=server.clock)
    server.use(office)
    yield server, card, who
    server.close()


def _is_plain(register: IndexedRegister, each: Resident) -> bool:
    household = register.household(each.household)
    fits = all(
        member.state == "resident" and not member.is_protected and not member.is_updating
        for member in household
    )
    family = register.family(each.id)
    has_family = family is not None and not family.is_updating
    return fits and len(household) == 3 and each.age_on(NOW.date()) > 20 and has_family


def test_a_paper_of_somebody_who_came_with_a_delivery(town: Any) -> None:
    server, card, who = town
    _, prepared = server.prepared(card, options={"whom": "household"})
    assert prepared.status == 201, prepared
    assert server.office.register.resident(who.id) == who


def test_data_that_is_too_old_issues_nothing(town: Any) -> None:
    """36 hours: one nightly delivery may fail."""
    server, card, _ = town
    server.clock.at = NOW + timedelta(hours=29)
    transaction, answer = server.authenticate(card)
    assert any(not each["refusal"] for each in answer.body["entitlements"])
    order = server.machine.order(transaction, card)
    server.clock.at = NOW + timedelta(hours=29, minutes=20)
    assert server.post("/v1/documents", order).status == 201
    server.clock.at = NOW + timedelta(hours=31)
    _, answer = server.authenticate(card)
    assert {each["refusal"] for each in answer.body["entitlements"]} == {"N-301"}


def test_a_paper_of_the_family_register_that_was_delivered(town: Any, delivery: Path, tmp_path: Path) -> None:
    """All three papers of it; too old, it stops them and no other kind; and it comes by itself again."""
    server, card, who = town
    kinds = ("koseki_zenbu", "koseki_kojin", "fuhyo")
    for kind in kinds:
        _, prepared = server.prepared(card, kind=kind)
        assert prepared.status == 201, (kind, prepared)
    lines = (delivery / FAMILIES_FILE).read_bytes().splitlines(keepends=True)
    stale = _families_alone(delivery, tmp_path / "stale", NOW - timedelta(hours=40), lines)
    folder.load_register(server.path, stale, server.clock)
    assert _refusals(server, card) == {**dict.fromkeys(kinds, "N-301"), "juminhyo": ""}
    fresh = _families_alone(delivery, tmp_path / "fresh", NOW - timedelta(hours=1), lines)
    folder.load_register(server.path, fresh, server.clock)
    assert _refusals(server, card) == dict.fromkeys((*kinds, "juminhyo"), "")
    mine = next(number for number, line in enumerate(lines) if f'"resident":"{who.id}"'.encode() in line)
    lines[mine] = lines[mine].replace(b'"is_updating":false', b'"is_updating":true')
    if b'"is_updating":true' not in lines[mine]:
        lines[mine] = lines[mine].rstrip(b"\n}") + b',"is_updating":true}\n'
    folder.load_register(
        server.path, _families_alone(delivery, tmp_path / "updating", NOW, lines), server.clock
    )
    assert _refusals(server, card) == {**dict.fromkeys(kinds, "N-301"), "juminhyo": ""}


def _refusals(server: Any, card: Card) -> dict[str, str]:
    _, answer = server.authenticate(card)
    wanted = ("koseki_zenbu", "koseki_kojin", "fuhyo", "juminhyo")
    return {each["kind"]: each["refusal"] for each in answer.body["entitlements"] if each["kind"] in wanted}


def test_a_register_that_answers_about_the_neighbour_is_not_believed() -> None:
    register = FileRegister(folder.SPECIMEN)

    class Neighbourly(FileRegister):
        def resident(self, resident: str) -> Resident | None:
            return register.resident("taro" if resident == "hanako" else resident)

        def household(self, household: str) -> tuple[Resident, ...]:
            return register.household("H2" if household == "H1" else household)

        def tax(self, resident: str, year: int) -> Any:
            return register.tax("taro", year)

    checked = CheckedRegister(Neighbourly(folder.SPECIMEN))
    for ask in (
        lambda: checked.resident("hanako"),
        lambda: checked.household("H1"),
        lambda: checked.tax("hanako", 2026),
    ):
        with pytest.raises(RegisterError, match="about somebody else"):
            ask()
    assert checked.resident("taro") == register.resident("taro")
    assert checked.as_of("residents") is None


def test_a_delivery_is_noted(town: Any) -> None:
    server, _, _ = town
    assert any(act.startswith(f"register-loaded residents={PEOPLE}") for act in server.audit())


def test_days_are_aware(register: IndexedRegister, tmp_path: Path) -> None:
    at = register.as_of("taxes")
    assert isinstance(at, datetime)
    assert at.tzinfo is not None
    write(tmp_path / "small", residents=10, seed=6, as_of=NOW)
    load(Delivery(tmp_path / "small"), tmp_path / indexed.FILE)
    never = IndexedRegister(tmp_path / indexed.FILE).as_of("families")
    assert never is not None
    assert never.year == 1, "what never came is as old as can be"
