"""Invented bodies of the screens, and what they are made of: for samples.py."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from kiosk.money import Denomination, Yen
from kiosk.view import (
    Advice,
    Attract,
    Body,
    Cashless,
    Cheaper,
    ChooseKinds,
    ChooseMeans,
    ChooseOptions,
    Confirm,
    Elsewhere,
    HeadBox,
    KindChoice,
    Means,
    OrderSummary,
    Pay,
    Price,
    PurposeChoice,
    Question,
)

B = TypeVar("B", bound=Body)

KINDS = (
    ("juminhyo", 200),
    ("inkan_shomei", 200),
    ("koseki_zenbu", 350),
    ("kisai_jiko", 200),
    ("kazei_shomei", 200),
)
MORE_KINDS = (
    ("koseki_kojin", 350),
    ("fuhyo", 200),
    ("shotoku_shomei", 200),
    ("shotoku_kazei", 200),
    ("nozei_shomei", 200),
)
COINS = (Denomination.COIN10, Denomination.COIN50, Denomination.COIN100, Denomination.COIN500)
NOTES = (Denomination.NOTE1000, Denomination.NOTE5000)

SLOT = "00" * 16


def kinds(
    copies: dict[str, int], refusals: dict[str, str] | None = None, sold: tuple[tuple[str, int], ...] = KINDS
) -> ChooseKinds:
    refused = refusals or {}
    choices = tuple(
        KindChoice(kind, Yen(fee), copies.get(kind, 0), 5, refused.get(kind, "")) for kind, fee in sold
    )
    return ChooseKinds(
        choices,
        sum(copies.values()),
        Yen.sum(choice.fee * choice.copies for choice in choices),
        has_guide=True,
    )


def pay(inserted: int, *, notes: bool = True, exact: bool = False, closing: bool = False) -> Pay:
    return Pay(
        due=Yen(600),
        inserted=Yen(inserted),
        remaining=Yen(max(0, 600 - inserted)),
        accepted=COINS + (NOTES if notes else ()),
        refused=(Denomination.NOTE10000, Denomination.COIN1, Denomination.COIN5)
        if notes
        else (Denomination.COIN1, Denomination.COIN5),
        is_exact_only=exact,
        is_closing=closing,
    )


EDY = "楽天Edy"
BRANDS = (
    ("edy", "emoney", EDY),
    ("nanaco", "emoney", "nanaco"),
    ("waon", "emoney", "WAON"),
    ("transit", "emoney", "交通系IC"),
    ("id", "emoney", "iD"),
    ("credit", "credit", "クレジット"),
    ("scan", "scan", "コード決済"),
    ("show", "show", "コード決済"),
)
PAYLOAD = "00020101021226680019jp.or.paymentsjapan" + "0" * 120


def means(*, cash: bool = True, said: str = "") -> ChooseMeans:
    brands = tuple(Means(key, kind, name) for key, kind, name in BRANDS)
    return ChooseMeans(Yen(600), (Means("cash", "cash", is_open=cash), *brands), said)


def cashless(stage: str, kind: str = "emoney") -> Cashless:
    return Cashless(Yen(600), kind, EDY, stage, PAYLOAD if stage == "show" else "")


def long_place() -> Attract:
    return msgspec.structs.replace(ATTRACT, town="例示北部総合行政センター", place="1階 東ロビー")


def ten_sold() -> Attract:
    sold = tuple(Price(kind, Yen(fee), Yen(fee + 100)) for kind, fee in KINDS + MORE_KINDS)
    return msgspec.structs.replace(ATTRACT, prices=sold)


ALL_NOTES = tuple(each for each in Denomination if each.is_note)
SHORT = (Denomination.NOTE5000, Denomination.NOTE10000)


def changed(body: B, **changes: Any) -> B:
    """This body with other values."""
    return replace(body, **changes)


def opening() -> Pay:
    return Pay(Yen(200), Yen(0), Yen(200), (), (), is_exact_only=False, is_closing=True)


ATTRACT = Attract(
    town="例示市役所",
    place="1階",
    open_until="17:15",
    prices=tuple(Price(kind, Yen(fee), Yen(fee + 100)) for kind, fee in KINDS),
    is_cash_open=True,
)
OPTIONS = ChooseOptions(
    "juminhyo",
    (
        Question("whom", ("self", "household"), "self"),
        Question("honseki", ("no", "yes"), "no"),
        Question("kojin_bango", ("no", "yes"), "no"),
    ),
)
SIX = ChooseOptions(  # a household of Japanese and foreign residents
    "juminhyo",
    (
        Question("whom", ("self", "household", "some"), "household"),
        *(
            Question(key, ("no", "yes"), "no")
            for key in ("zokugara", "honseki", "kokuseki", "zairyu_card", "kojin_bango")
        ),
    ),
)
MEMBERS = ChooseOptions(
    "juminhyo",
    (
        Question("whom", ("self", "household", "some"), "some"),
        *(
            Question(f"member_{at}", ("no", "yes"), "yes" if at == 1 else "no", name)
            for at, name in enumerate(("太郎", "花子", "MARIA ISABEL"))
        ),
        Question("zokugara", ("no", "yes"), "no"),
    ),
)
HOUSEHOLD = (("whom", "household"), ("honseki", "no"), ("kojin_bango", "no"))
CONFIRM = Confirm(
    "例＊＊＊",
    (
        OrderSummary("juminhyo", HOUSEHOLD, 2, 2, Yen(400), ("例＊＊＊", "例＊＊", "例＊＊")),
        OrderSummary("inkan_shomei", (), 1, 1, Yen(200), ("例＊＊＊",)),
    ),
    3,
    3,
    Yen(600),
)

CHEAPER = (Cheaper("juminhyo", "コンビニ〈12月まで〉", Yen(10)),)
PURPOSES = tuple(
    PurposeChoice(key)
    for key in (
        *("licence", "employer", "school", "childcare", "loan", "car"),
        *("pension", "passport", "visa", "inheritance", "other"),
    )
)
LICENCE = Advice(
    PurposeChoice("licence"),
    "juminhyo",
    Yen(200),
    "open",
    (("whom", "self"), ("honseki", "yes")),
    ("honseki",),
)
EMPLOYER = Advice(
    PurposeChoice("employer"),
    "juminhyo",
    Yen(200),
    "open",
    (("whom", "self"), ("kojin_bango", "no")),
    ("without_number", "ask_first"),
    "",
    CHEAPER,
)
TOWNS_OWN = Advice(
    PurposeChoice("bike", "自転車の登録"),
    "juminhyo",
    Yen(200),
    "open",
    advice=("card_is_enough",),
    note="例示市の駐輪場では、証明書はいりません。",
)
INHERITANCE = Advice(PurposeChoice("inheritance"), "", Yen(0), "counter", advice=("old_koseki",))
BRANCH = Elsewhere("東支所（1階）", "バス停「東町」から歩いて3分", "平日 8:30〜17:15")
PHONE = "000-000-0000"
LEAST = (("whom", "self"), ("honseki", "no"), ("kojin_bango", "no"))
MANY = Confirm(
    "例＊＊＊",
    tuple(
        OrderSummary(
            kind, LEAST if kind in ("juminhyo", "kisai_jiko") else (), 5, 5, Yen(fee * 5), ("例＊＊＊",)
        )
        for kind, fee in KINDS
    ),
    25,
    25,
    Yen(5750),
)

FACE_HINTS = (
    "no_face", "one_person_only", "come_closer", "step_back", "move_to_middle",
    "too_dark", "too_bright", "hold_still", "look_here", "good",
)  # fmt: skip
HEAD = HeadBox(0.38, 0.3, 0.62, 0.7)
FAR = HeadBox(0.15, 0.4, 0.27, 0.6)
