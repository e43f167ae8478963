"""`issuance-sample`: an invented municipality of any size, as a delivery of basic data (basic_data.py).

Everybody is invented: 例示市 does not exist, no 個人番号 has a right check digit, family names are words like 例示 and
見本. What is hard in a real town is here in known shares: variation sequences, 旧氏, 通称, names of foreign residents
that fill a line, households of fifteen, protection measures, people who moved out, announced it, died, are under 15,
whose glyph the font lacks, whose record is being changed. The same seed gives the same bytes. One household at a time
is in memory.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from issuance.basic_data import DELIVERY, FAMILIES, FAMILIES_FILE, Table, tables
from issuance.clock import JST
from issuance.family import Domicile, Entry, Family, Member
from issuance.register import AMOUNTS, Resident
from issuance.wareki import wareki


def _words(text: str) -> tuple[list[str], ...]:
    return tuple(each.split() for each in text.split("/"))


_FAMILY = _words(
    "例示 レイジ/見本 ミホン/例題 レイダイ/試験 シケン/仮名 カメイ/架空 カクウ/𠮷見本 ヨシミホン/渡邉󠄐 ワタナベ/"
    "渡邊󠄈 ワタナベ/辻󠄂例 ツジレイ/葛󠄂見 クズミ/標本 ヒョウホン/模擬 モギ/雛形 ヒナガタ/手本 テホン/髙例 タカレイ"
)
_MALE = _words(
    "一郎 イチロウ/二郎 ジロウ/三郎 サブロウ/太郎 タロウ/一 ハジメ/誠 マコト/大輔 ダイスケ/蓮 レン"
)
_FEMALE = _words("花子 ハナコ/幸 サチ/葛󠄂子 カツコ/﨑子 サキコ/恵 メグミ/八重 ヤエ/七海 ナナミ/結衣 ユイ")
_FOREIGN = (
    ("NGUYEN VAN MAU", "グエン　ヴァン　マウ", "ベトナム"),
    ("EXEMPLO DOS SANTOS MARIA ISABEL", "エゼンプロ　マリア", "ブラジル"),
    ("EXAMPLE JOHN PAUL", "エグザンプル　ジョン", "米国"),
    (
        "MAXIMILIANA ALEXANDRINA WILHELMINA EXAMPLE VON SPECIMEN UND ZU MUSTERSTADT",
        "マクシミリアナ",
        "ドイツ",
    ),
)
_NO_GLYPH = "\U000f0123例"
"""A private character: a 外字 that no font of ours has."""
_STREETS = ("中央", "港町", "本町", "緑町", "旭町", "栄町", "東町", "西町", "南町", "北町")
_ITEM = "市県民税・森林環境税"


class Generator:
    """People, household by household."""

    def __init__(self, residents: int, seed: int, today: date) -> None:
        self._residents = residents
        self._dice = random.Random(seed)
        self._today = today
        self._made = 0
        self._households = 0

    def households(self) -> Iterator[list[Resident]]:
        while self._made < self._residents:
            self._households += 1
            size = min(self._size(), self._residents - self._made)
            yield self._household(size)

    def _size(self) -> int:
        if self._households % 5000 == 7:
            return 15
        return self._dice.choices((1, 2, 3, 4, 5, 6), (38, 28, 17, 12, 4, 1))[0]

    def _household(self, size: int) -> list[Resident]:
        dice, number = self._dice, self._households
        street = _STREETS[number % len(_STREETS)]
        address = f"例示県例示市{street}{number // 90 % 20 + 1}丁目{number % 90 + 1}番{number % 30 + 1}号"
        since = self._today - timedelta(days=dice.randrange(0, 15000))
        is_foreign = dice.random() < 0.025
        family = dice.choice(_FAMILY)
        head = self._person(number, 0, family, address, since, is_foreign)
        members = [head]
        for at in range(1, size):
            members.append(self._person(number, at, family, address, since, is_foreign, head))
        return [self._case(each) for each in members]

    def _person(
        self,
        household: int,
        at: int,
        family: Sequence[str],
        address: str,
        since: date,
        is_foreign: bool,
        head: Resident | None = None,
    ) -> Resident:
        dice = self._dice
        self._made += 1
        sex = dice.choice(("F", "M"))
        given = dice.choice(_FEMALE if sex == "F" else _MALE)
        name, kana = f"{family[0]}　{given[0]}", f"{family[1]}　{given[1]}"
        age = dice.randrange(18, 96) if at < 2 else dice.randrange(0, 40)
        birth = self._today - timedelta(days=age * 365 + dice.randrange(365))
        foreign: dict[str, Any] = {}
        honseki = hittousha = ""
        if is_foreign:
            name, kana, nationality = dice.choice(_FOREIGN)
            until = self._today + timedelta(days=dice.randrange(-20, 1500))
            foreign = {
                "nationality": nationality,
                "class_30_45": "中長期在留者",
                "residence_status": "定住者",
                "residence_period": "3年",
                "residence_until": until,
                "residence_card": f"XX{self._made:08d}XX",
                "alias": f"例　{given[0]}" if dice.random() < 0.3 else "",
            }
        else:
            place = "例示県例示市中央一丁目１番地" if dice.random() < 0.6 else "見本県見本市例町２番地"
            honseki, hittousha = place, head.name if head else name
        return Resident(
            id=f"{self._made:010d}",
            household=f"{household:010d}",
            relation=_relation(at, sex),
            name=name,
            kana=kana,
            birth=birth,
            sex="F" if sex == "F" else "M",
            address=address,
            resident_since=max(since, birth),
            resident_reason="転入",
            address_since=max(since, birth),
            notified_on=max(since, birth),
            my_number=_wrong_number(self._made),
            state="resident",
            is_protected=False,
            former_name="見本" if dice.random() < 0.01 else "",
            previous_address="見本県見本町大字例１０番地" if dice.random() < 0.7 else "",
            honseki=honseki,
            hittousha=hittousha,
            seal=f"{self._made:010d}" if dice.random() < 0.35 and age >= 15 else "",
            **foreign,
        )

    def _case(self, person: Resident) -> Resident:
        """The cases of the rules, in known shares: of 10,000 people 30 are protected, 20 have no glyph, …"""
        draw = self._dice.randrange(10_000)
        changes: tuple[tuple[int, dict[str, Any]], ...] = (
            (30, {"is_protected": True}),
            (50, {"name": f"{_NO_GLYPH}　{person.name.split('　')[-1]}"}),
            (80, {"is_updating": True}),
            (120, {"state": "leaving"}),
            (320, {"state": "moved_out"}),
            (470, {"state": "dead"}),
        )
        found = next((change for below, change in changes if draw < below), {})
        return msgspec.structs.replace(person, **found)


def write(
    out: Path, *, residents: int, seed: int, as_of: datetime, has_families: bool = False
) -> dict[str, int]:
    """A delivery of so many people; how many rows of what. `has_families`: with the 戸籍 of who has one here."""
    out.mkdir(parents=True)
    known, today = tables(), as_of.astimezone(JST).date()
    files = {key: _File(out, known[key]) for key in ("residents", "seals", "taxes", "payments")}
    families = _Lines(out / FAMILIES_FILE) if has_families else None
    impressions = _impressions(out)
    dice = random.Random(seed + 1)
    for number, household in enumerate(Generator(residents, seed, today).households()):
        if families is not None and (family := _family(household, number)) is not None:
            families.write(msgspec.json.encode(family) + b"\n")
        for person in household:
            files["residents"].write(_plain(person))
            if person.seal:
                files["seals"].write(
                    {"resident": person.id, "png": impressions[int(person.id) % len(impressions)]}
                )
            if person.birth.year < today.year - 18 and dice.random() < 0.85:
                tax = _tax(person.id, today.year if today.month >= 6 else today.year - 1, dice)
                files["taxes"].write(tax)
                files["payments"].write(_payment(tax, dice))
    sent = {key: file.close() for key, file in files.items()}
    if families is not None:
        sent[FAMILIES] = families.close()
    lines = [
        f'[{key}]\nas_of = {as_of.isoformat(timespec="seconds")}\nrows = {rows}\nsha256 = "{digest}"\n'
        for key, (rows, digest) in sent.items()
    ]
    (out / DELIVERY).write_text("\n".join(lines), encoding="utf-8")
    return {key: rows for key, (rows, _) in sent.items()}


class _File:
    """One CSV file of a delivery, in our fields."""

    def __init__(self, out: Path, table: Table) -> None:
        self._table = table
        self._codes = {
            field: {meaning: code for code, meaning in codes.items()} for field, codes in table.codes.items()
        }
        self._digest = hashlib.sha256()
        self._rows = 0
        self._data = (out / table.file).open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self, lineterminator="\r\n")
        self._csv.writerow(table.columns.values())

    def write(self, row: Any) -> None:
        """A row by our fields, or (from the CSV writer) a line of text."""
        if isinstance(row, str):
            self._digest.update(row.encode())
            self._data.write(row)
            return
        for field, codes in self._codes.items():
            row[field] = codes[row[field]]
        self._csv.writerow([row.get(field, "") for field in self._table.columns])
        self._rows += 1

    def close(self) -> tuple[int, str]:
        self._data.close()
        return self._rows, self._digest.hexdigest()


class _Lines:
    """A file of lines, counted and hashed."""

    def __init__(self, file: Path) -> None:
        self._data = file.open("wb")
        self._digest = hashlib.sha256()
        self._rows = 0

    def write(self, line: bytes) -> None:
        self._data.write(line)
        self._digest.update(line)
        self._rows += 1

    def close(self) -> tuple[int, str]:
        self._data.close()
        return self._rows, self._digest.hexdigest()


_HERE = "例示県例示市"


def _family(household: Sequence[Resident], number: int) -> Family | None:
    """The present 戸籍 of those of a household who have it in the town. On every hundredth a notification is on its
    way; in every tenth is somebody who has left."""
    members = [each for each in household if each.honseki.startswith(_HERE) and each.state != "dead"]
    if not members:
        return None
    head = members[0]
    family, _, _ = head.hittousha.partition("　")
    entries = (Entry("戸籍編製", (("編製日", wareki(head.resident_since)),)),)
    found = [_member(each, family) for each in members]
    if number % 10 == 3:
        gone = Entry(
            "婚　　姻", (("除籍日", wareki(head.resident_since)), ("新本籍", "見本県見本市例町２番地"))
        )
        left = _member(head, family)
        found.append(
            msgspec.structs.replace(
                left, name=f"{family}　誠", given="誠", given_kana="マコト", relation="二男", resident="", spouse="",
                has_left=True, entries=(*left.entries, gone),
            )
        )  # fmt: skip
    kana = head.kana.partition("　")[0]
    return Family(head.honseki, head.hittousha, kana, entries, tuple(found), is_updating=number % 100 == 42)


def _member(person: Resident, family: str) -> Member:
    given, given_kana = (each.partition("　")[2] or each for each in (person.name, person.kana))
    born = (("出生日", wareki(person.birth)), ("出生地", _HERE), ("届出人", "父"))
    spouse = {"世帯主": "", "夫": "夫", "妻": "妻"}.get(person.relation, "")
    return Member(
        name=person.name,
        given=given,
        given_kana=given_kana,
        birth=person.birth,
        sex=person.sex,
        father=f"{family}　父一",
        mother=f"{family}　母子",
        relation="長女" if person.sex == "F" else "長男",
        resident=person.id,
        spouse=spouse,
        entries=(Entry("出　　生", born),),
        addresses=(Domicile(person.address, person.address_since),),
    )


def _plain(person: Resident) -> dict[str, str]:
    values = msgspec.to_builtins(person)
    flags = {True: "true", False: "false"}
    return {
        key: flags[value] if isinstance(value, bool) else str(value or "") for key, value in values.items()
    }


def _relation(at: int, sex: str) -> str:
    if at == 0:
        return "世帯主"
    return ("妻" if sex == "F" else "夫") if at == 1 else "子"


def _wrong_number(number: int) -> str:
    """Twelve digits whose last is not the check digit (番号法施行令8条): nobody's."""
    digits = [int(each) for each in f"{number:011d}"]
    total = sum(digit * (at + 1 if at <= 6 else at - 5) for at, digit in enumerate(reversed(digits), start=1))
    check = 0 if total % 11 <= 1 else 11 - total % 11
    return f"{number:011d}{(check + 1) % 10}"


def _tax(resident: str, year: int, dice: random.Random) -> dict[str, Any]:
    """Sums that add up; the rates are the common ones."""
    income = dice.randrange(0, 900) * 10_000
    taxable = max(0, income - 1_300_000) // 1000 * 1000
    amounts = dict.fromkeys(AMOUNTS, 0) | {
        "salary_revenue": income * 4 // 3,
        "salary_income": income,
        "total_income": income,
        "basic": 430_000,
        "social_insurance": 870_000,
        "total_deductions": 1_300_000,
        "taxable_income": taxable,
        "city_income_levy": taxable * 6 // 100 // 100 * 100,
        "prefecture_income_levy": taxable * 4 // 100 // 100 * 100,
    }
    if taxable:
        amounts |= {"city_per_capita": 3000, "prefecture_per_capita": 1000, "forest_tax": 1000}
    parts = (
        "city_income_levy",
        "prefecture_income_levy",
        "city_per_capita",
        "prefecture_per_capita",
        "forest_tax",
    )
    amounts["total_tax"] = sum(amounts[part] for part in parts)
    return {"resident": resident, "year": year} | amounts


def _payment(tax: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    due = tax["total_tax"]
    not_yet = due // 4 // 100 * 100
    unpaid = due // 4 // 100 * 100 if dice.random() < 0.04 else 0
    paid = due - not_yet - unpaid
    return {
        "resident": tax["resident"],
        "year": tax["year"],
        "item": _ITEM,
        "due": due,
        "paid": paid,
        "not_yet": not_yet,
    }


def _impressions(out: Path) -> list[str]:
    """The specimen's seals, under the names that the rows give them."""
    names = []
    for file in sorted((Path(__file__).parent / "sample" / "seals").glob("*.png")):
        (out / f"inei-{file.name}").write_bytes(file.read_bytes())
        names.append(f"inei-{file.name}")
    return names


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="issuance-sample", description="an invented municipality of any size"
    )
    parser.add_argument("--residents", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    parser.add_argument("--families", action="store_true", help="with the 戸籍 of who has one in the town")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="default: this moment")
    arguments = parser.parse_args(argv)
    as_of = arguments.as_of or datetime.now(JST)
    as_of = as_of if as_of.tzinfo is not None else as_of.replace(tzinfo=JST)
    try:
        counts = write(
            arguments.out,
            residents=arguments.residents,
            seed=arguments.seed,
            as_of=as_of,
            has_families=arguments.families,
        )
    except FileExistsError:
        sys.stderr.write("issuance-sample: the folder is there already\n")
        return 1
    sys.stdout.write(", ".join(f"{rows} {key}" for key, rows in counts.items()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
