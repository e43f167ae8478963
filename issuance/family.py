"""戸籍 and 戸籍の附票: one family's register as data, and as the rows that a paper prints. Pure.

What is written in a 戸籍 is text and stays text: it was certified in these words. A row is as high as every other, so
that which row stands on which sheet is known before anything is drawn (the code on a sheet's back says what is on its
front).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

import msgspec

from issuance.wareki import wareki

_SEX = {"F": "女", "M": "男"}


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry (戸籍事項, 身分事項): 出生, 婚姻, … and its items in order, each (heading, text)."""

    title: str
    items: tuple[tuple[str, str], ...]


class Domicile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the 附票."""

    address: str
    since: date


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who is, or was, in the family's register. `resident`: the id in the town's own register, if there."""

    name: str
    """氏 and 名."""
    given: str
    """名 alone, as a 戸籍 writes it."""
    given_kana: str
    birth: date
    sex: Literal["F", "M"]
    father: str
    mother: str
    relation: str
    """長男, 二女, …"""
    resident: str = ""
    spouse: str = ""
    """夫 or 妻, of a married couple at the head."""
    has_left: bool = False
    """除籍: by death, marriage, a register of their own."""
    is_protected: bool = False
    entries: tuple[Entry, ...] = ()
    addresses: tuple[Domicile, ...] = ()


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A present 戸籍 (no 除籍, no 改製原戸籍: those are the counter's). `head`: 筆頭者, it keeps that name."""

    honseki: str
    head: str
    head_kana: str
    entries: tuple[Entry, ...]
    members: tuple[Member, ...]
    is_updating: bool = False
    """A notification (届出) is being registered: nothing of this 戸籍 is issued until it is. Papers of the residents'
    register, of seals and of tax go on."""

    def member(self, resident: str) -> Member | None:
        """Who this resident is in it; nobody who has left."""
        return next((each for each in self.members if each.resident == resident and not each.has_left), None)

    def present(self) -> tuple[Member, ...]:
        return tuple(each for each in self.members if not each.has_left)

    def texts(self) -> Iterator[str]:
        """Everything of it that could be printed."""
        yield from (self.honseki, self.head, self.head_kana)
        for entry in (*self.entries, *(each for member in self.members for each in member.entries)):
            yield entry.title
            for item in entry.items:
                yield from item
        for member in self.members:
            yield from (member.name, member.given, member.given_kana, member.father, member.mother)
            yield from (member.relation, member.spouse)
            yield from (line.address for line in member.addresses)


class Row(msgspec.Struct, frozen=True):
    """One line of a paper. `is_first`: a rule is drawn above it."""

    label: str
    text: str
    aside: str = ""
    is_first: bool = False


def koseki_rows(family: Family, members: tuple[Member, ...]) -> list[Row]:
    """A 戸籍 as it is printed: the whole (全部事項) or of some of its people (個人事項)."""
    rows = [
        Row("本　　籍", family.honseki, is_first=True),
        Row("氏　　名", family.head),
        Row("", f"【氏の振り仮名】{family.head_kana}"),
        Row("戸籍事項", "", is_first=True),
    ]
    rows += [row for entry in family.entries for row in _entry(entry)]
    for member in members:
        rows.append(Row("戸籍に記録されている者", f"【名】{member.given}", is_first=True))
        rows.append(Row("　除　　籍" if member.has_left else "", f"【名の振り仮名】{member.given_kana}"))
        spouse = f"　【配偶者区分】{member.spouse}" if member.spouse else ""
        rows.append(Row("", f"【生年月日】{wareki(member.birth)}{spouse}"))
        rows.append(Row("", f"【父】{member.father}"))
        rows.append(Row("", f"【母】{member.mother}"))
        rows.append(Row("", f"【続柄】{member.relation}"))
        rows.append(Row("身分事項", "", is_first=True))
        rows += [row for entry in member.entries for row in _entry(entry)]
    return rows


def fuhyo_rows(members: tuple[Member, ...], *, is_honseki_shown: bool) -> list[Row]:
    """A 附票. With 本籍・筆頭者 shown the people stand there by their given names, else by their full names
    (facts: kiosk.md §3.3)."""
    rows = []
    for member in members:
        label, name = ("名", member.given) if is_honseki_shown else ("氏　　名", member.name)
        rows.append(Row(label, name, is_first=True))
        rows.append(Row("生年月日", f"{wareki(member.birth)}　{_SEX[member.sex]}"))
        for line in member.addresses:
            rows.append(Row("住　　所", line.address, wareki(line.since)))
    return rows


def _entry(entry: Entry) -> Iterator[Row]:
    for at, (heading, text) in enumerate(entry.items):
        yield Row(f"　{entry.title}" if at == 0 else "", f"【{heading}】{text}", is_first=False)
