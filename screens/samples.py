"""Invented views: one or more for every Body. The picture book, the layout tests and the benchmark show these."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from i18n.catalogue import languages
from kiosk.ids import DeviceId
from kiosk.intents import CloseDay, DoAct, OpenPage
from kiosk.money import Denomination, Yen
from kiosk.view import (
    AnyBody,
    Attract,
    Cashless,
    ChooseKinds,
    ChooseMeans,
    ChooseOptions,
    Confirm,
    DeskButton,
    DeskLine,
    DeskPad,
    Done,
    EnterNumber,
    EnterPin,
    FaceCheck,
    FaceReady,
    HeadBox,
    KindChoice,
    Language,
    LastTry,
    Means,
    Notice,
    OfferBack,
    OfferFace,
    OrderSummary,
    OtherWays,
    OutOfService,
    PaperLine,
    Pay,
    PlaceCard,
    Price,
    Question,
    Returning,
    Role,
    SessionView,
    ShowCard,
    StaffDesk,
    StaffLook,
    StaffNote,
    StaffPin,
    StepBar,
    StillThere,
    TakeCard,
    TakeNote,
    TakeThings,
    Thing,
    Trouble,
    Working,
)
from screens.theme import look

_ALWAYS = (
    "ChooseLanguage",
    "CallStaff",
    "SetVoice",
    "SetLoudness",
    "SetPace",
    "SetCurtain",
    "SetTextSize",
    "SetContrast",
    "SetReach",
)
LANGUAGES = languages()
"""What an invented town offers: everything that there is."""
_KINDS = (
    ("juminhyo", 200),
    ("inkan_shomei", 200),
    ("koseki_zenbu", 350),
    ("kisai_jiko", 200),
    ("kazei_shomei", 200),
)
_MORE_KINDS = (
    ("koseki_kojin", 350),
    ("fuhyo", 200),
    ("shotoku_shomei", 200),
    ("shotoku_kazei", 200),
    ("nozei_shomei", 200),
)
_COINS = (Denomination.COIN10, Denomination.COIN50, Denomination.COIN100, Denomination.COIN500)
_NOTES = (Denomination.NOTE1000, Denomination.NOTE5000)

SLOT = "00" * 16


def _kinds(
    copies: dict[str, int], refusals: dict[str, str] | None = None, sold: tuple[tuple[str, int], ...] = _KINDS
) -> ChooseKinds:
    refused = refusals or {}
    choices = tuple(
        KindChoice(kind, Yen(fee), copies.get(kind, 0), 5, refused.get(kind, "")) for kind, fee in sold
    )
    return ChooseKinds(
        choices, sum(copies.values()), Yen.sum(choice.fee * choice.copies for choice in choices)
    )


def _pay(inserted: int, *, notes: bool = True, exact: bool = False, closing: bool = False) -> Pay:
    return Pay(
        due=Yen(600),
        inserted=Yen(inserted),
        remaining=Yen(max(0, 600 - inserted)),
        accepted=_COINS + (_NOTES if notes else ()),
        refused=(Denomination.NOTE10000, Denomination.COIN1, Denomination.COIN5)
        if notes
        else (Denomination.COIN1, Denomination.COIN5),
        is_exact_only=exact,
        is_closing=closing,
    )


_EDY = "楽天Edy"
_BRANDS = (
    ("edy", "emoney", _EDY),
    ("nanaco", "emoney", "nanaco"),
    ("waon", "emoney", "WAON"),
    ("transit", "emoney", "交通系IC"),
    ("id", "emoney", "iD"),
    ("credit", "credit", "クレジット"),
    ("scan", "scan", "コード決済"),
    ("show", "show", "コード決済"),
)
_PAYLOAD = "00020101021226680019jp.or.paymentsjapan" + "0" * 120


def _means(*, cash: bool = True, said: str = "") -> ChooseMeans:
    brands = tuple(Means(key, kind, name) for key, kind, name in _BRANDS)
    return ChooseMeans(Yen(600), (Means("cash", "cash", is_open=cash), *brands), said)


def _cashless(stage: str, kind: str = "emoney") -> Cashless:
    return Cashless(Yen(600), kind, _EDY, stage, _PAYLOAD if stage == "show" else "")


def _long_place() -> Attract:
    return msgspec.structs.replace(_ATTRACT, town="例示北部総合行政センター", place="1階 東ロビー")


def _ten_sold() -> Attract:
    sold = tuple(Price(kind, Yen(fee), Yen(fee + 100)) for kind, fee in _KINDS + _MORE_KINDS)
    return msgspec.structs.replace(_ATTRACT, prices=sold)


_ALL_NOTES = tuple(each for each in Denomination if each.is_note)
_SHORT = (Denomination.NOTE5000, Denomination.NOTE10000)


def _with(pay: Pay, **changes: Any) -> Pay:
    return replace(pay, **changes)


def _opening() -> Pay:
    return Pay(Yen(200), Yen(0), Yen(200), (), (), is_exact_only=False, is_closing=True)


_ATTRACT = Attract(
    town="例示市役所",
    place="1階",
    open_until="17:15",
    prices=tuple(Price(kind, Yen(fee), Yen(fee + 100)) for kind, fee in _KINDS),
    is_cash_open=True,
)
_OPTIONS = ChooseOptions(
    "juminhyo",
    (
        Question("whom", ("self", "household"), "self"),
        Question("honseki", ("no", "yes"), "no"),
        Question("kojin_bango", ("no", "yes"), "no"),
    ),
)
_SIX = ChooseOptions(  # a household of Japanese and foreign residents
    "juminhyo",
    (
        Question("whom", ("self", "household", "some"), "household"),
        *(
            Question(key, ("no", "yes"), "no")
            for key in ("zokugara", "honseki", "kokuseki", "zairyu_card", "kojin_bango")
        ),
    ),
)
_MEMBERS = ChooseOptions(
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
_HOUSEHOLD = (("whom", "household"), ("honseki", "no"), ("kojin_bango", "no"))
_CONFIRM = Confirm(
    "例＊＊＊",
    (
        OrderSummary("juminhyo", _HOUSEHOLD, 2, 2, Yen(400), ("例＊＊＊", "例＊＊", "例＊＊")),
        OrderSummary("inkan_shomei", (), 1, 1, Yen(200), ("例＊＊＊",)),
    ),
    3,
    3,
    Yen(600),
)

_LEAST = (("whom", "self"), ("honseki", "no"), ("kojin_bango", "no"))
_MANY = Confirm(
    "例＊＊＊",
    tuple(
        OrderSummary(
            kind, _LEAST if kind in ("juminhyo", "kisai_jiko") else (), 5, 5, Yen(fee * 5), ("例＊＊＊",)
        )
        for kind, fee in _KINDS
    ),
    25,
    25,
    Yen(5750),
)

FACE_HINTS = (
    "no_face", "one_person_only", "come_closer", "step_back", "move_to_middle",
    "too_dark", "too_bright", "hold_still", "look_here", "good",
)  # fmt: skip
_HEAD = HeadBox(0.38, 0.3, 0.62, 0.7)
_FAR = HeadBox(0.15, 0.4, 0.27, 0.6)

# name, body, step of the step bar (0: none), intents beside _ALWAYS
_Sample = tuple[str, AnyBody, int, tuple[str, ...]]
_SAMPLES: tuple[_Sample, ...] = (
    ("attract", _ATTRACT, 0, ("Begin",)),
    (
        "attract-no-cash",
        Attract(_ATTRACT.town, _ATTRACT.place, "17:00", _ATTRACT.prices[:2], False),
        0,
        ("Begin",),
    ),
    ("attract-ten", _ten_sold(), 0, ("Begin",)),
    ("attract-long-place", _long_place(), 0, ("Begin",)),
    ("out-printer", OutOfService("例示市役所", "certificate-printer", "R-502"), 0, ()),
    ("out-starting", OutOfService("例示市役所", "starting", ""), 0, ()),
    ("language", Language(), 0, ("Next", "Cancel", "Back")),
    ("place-card", PlaceCard(), 1, ("NoCard", "Back", "Cancel")),
    ("place-card-reading", PlaceCard(is_reading=True), 1, ("Cancel",)),
    ("pin", EnterPin(SLOT, 3, 4), 2, ("ForgotPin", "Back", "Cancel")),
    ("pin-wrong", EnterPin(SLOT, 2, 4, was_wrong=True), 2, ("ForgotPin", "Back", "Cancel")),
    ("pin-record", EnterPin(SLOT, 3, 4, is_record=True), 2, ("ForgotPin", "Back", "Cancel")),
    ("pin-keyed", EnterPin(SLOT, 3, 4, keyed=2), 2, ("ForgotPin", "Back", "Cancel")),
    ("pin-checking", EnterPin("", 3, 4, is_checking=True), 2, ()),
    ("face-offer", OfferFace(), 1, ("Next", "OtherWay", "Back", "Cancel")),
    ("face-offer-show", OfferFace(can_show=True), 1, ("Next", "TypeNumber", "OtherWay", "Back", "Cancel")),
    *(
        (
            f"show-card-{hint.replace('_', '-')}",
            ShowCard(hint),
            1,
            ("TypeNumber", "OtherWay", "Back", "Cancel"),
        )
        for hint in ("no_card", "come_closer", "tilt", "hold_still")
    ),
    ("number-unread", EnterNumber(SLOT, "birth", 6, note="unread"), 1, ("OtherWay", "Back", "Cancel")),
    ("number-birth", EnterNumber(SLOT, "birth", 6), 1, ("OtherWay", "Back", "Cancel")),
    (
        "number-birth-refused",
        EnterNumber(SLOT, "birth", 6, note="refused"),
        1,
        ("OtherWay", "Back", "Cancel"),
    ),
    ("number-expiry", EnterNumber(SLOT, "expiry", 4), 1, ("OtherWay", "Back", "Cancel")),
    ("number-code", EnterNumber(SLOT, "code", 4), 1, ("OtherWay", "Back", "Cancel")),
    ("number-wrong", EnterNumber(SLOT, "birth", 6, note="wrong"), 1, ("OtherWay", "Back", "Cancel")),
    ("number-forgotten", EnterNumber("", "birth", 6, note="forgotten"), 1, ("OtherWay", "Cancel")),
    ("face-ready", FaceReady(), 2, ("Next", "OtherWay", "Cancel")),
    *(
        (f"face-{hint.replace('_', '-')}", FaceCheck(hint, "", _FAR), 2, ("OtherWay", "Cancel"))
        for hint in FACE_HINTS
    ),
    ("face-nobody", FaceCheck("no_face"), 2, ("OtherWay", "Cancel")),
    ("face-left", FaceCheck("good", "left", _HEAD), 2, ("OtherWay", "Cancel")),
    ("face-right", FaceCheck("good", "right", _HEAD), 2, ("OtherWay", "Cancel")),
    ("face-ahead", FaceCheck("good", "ahead", _HEAD), 2, ("OtherWay", "Cancel")),
    (
        "face-ways",
        OtherWays(can_call=True, can_retry=False, was_checked=False),
        1,
        ("AskStaff", "GoToCounter", "Back", "Cancel"),
    ),
    (
        "face-ways-again",
        OtherWays(can_call=True, can_retry=True, was_checked=True),
        2,
        ("AskStaff", "GoToCounter", "Next", "Cancel"),
    ),
    (
        "face-ways-counter",
        OtherWays(can_call=False, can_retry=False, was_checked=True),
        2,
        ("GoToCounter", "Cancel"),
    ),
    ("face-look", StaffLook(), 2, ("GoToCounter", "Cancel")),
    ("last-try", LastTry(), 2, ("ConsentLastTry", "ForgotPin", "Cancel")),
    ("take-card", TakeCard(is_verified=True), 2, ("Cancel",)),
    ("take-card-left", TakeCard(is_verified=False, is_left=True), 2, ()),
    ("take-card-unread", TakeCard(is_verified=False, is_unread=True), 2, ()),
    ("take-phone", TakeCard(is_verified=True, is_phone=True), 2, ("Cancel",)),
    ("take-phone-left", TakeCard(is_verified=False, is_left=True, is_phone=True), 2, ()),
    ("kinds-none", _kinds({}), 3, ("SetCopies", "Back", "Cancel")),
    ("kinds", _kinds({"juminhyo": 2, "inkan_shomei": 1}), 3, ("SetCopies", "Next", "Back", "Cancel")),
    (
        "kinds-refused",
        _kinds({"juminhyo": 5}, {"inkan_shomei": "N-302", "koseki_zenbu": "N-301"}),
        3,
        ("SetCopies", "Next", "Back", "Cancel"),
    ),
    (
        "kinds-ten",
        _kinds({"fuhyo": 1}, None, _KINDS + _MORE_KINDS),
        3,
        ("SetCopies", "Next", "Back", "Cancel"),
    ),
    ("options-six", _SIX, 3, ("ChooseOption", "Next", "Back", "Cancel")),
    ("options-members", _MEMBERS, 3, ("ChooseOption", "Next", "Back", "Cancel")),
    ("options", _OPTIONS, 3, ("ChooseOption", "Next", "Back", "Cancel")),
    ("confirm", _CONFIRM, 4, ("Next", "Back", "Cancel")),
    ("confirm-many", _MANY, 4, ("Next", "Back", "Cancel")),
    ("means", _means(), 5, ("ChooseMeans", "Cancel")),
    ("means-declined", _means(said="declined"), 5, ("ChooseMeans", "Cancel")),
    ("means-cash-closed", _means(cash=False, said="trouble"), 5, ("ChooseMeans", "Cancel")),
    ("cashless-touch", _cashless("touch"), 5, ("Cancel", "Back")),
    ("cashless-again", _cashless("touch_again"), 5, ()),
    ("cashless-scan", _cashless("scan", "scan"), 5, ("Cancel", "Back")),
    ("cashless-show", _cashless("show", "show"), 5, ("Cancel", "Back")),
    ("cashless-processing", _cashless("processing"), 5, ()),
    ("cashless-proving", _cashless("proving"), 5, ()),
    ("cashless-checking", _cashless("checking"), 5, ()),
    ("pay", _pay(500), 5, ("Cancel",)),
    ("pay-coins-only", _pay(0, notes=False), 5, ("Cancel", "Back")),
    ("pay-exact", _pay(100, exact=True), 5, ("Cancel",)),
    ("pay-closing", _pay(1000, closing=True), 5, ()),
    ("pay-opening", _opening(), 5, ()),
    ("pay-all", _with(_pay(0), accepted=(*_COINS, *_ALL_NOTES)), 5, ("Cancel",)),
    ("pay-short", _with(_pay(0), short=_SHORT, accepted=(*_COINS, Denomination.NOTE1000)), 5, ("Cancel",)),
    ("pay-note-back", _with(_pay(0), note="refused"), 5, ("Cancel",)),
    ("pay-note-stuck", _with(_pay(500, notes=False), note_trouble="reach"), 5, ("Cancel",)),
    ("pay-note-closed", _with(_pay(0, notes=False), note_trouble="staff"), 5, ("Cancel",)),
    ("take-note", TakeNote(Yen(3800)), 5, ()),
    ("take-note-late", TakeNote(Yen(1000), is_late=True), 5, ()),
    ("returning", Returning(Yen(500)), 5, ()),
    ("working-preparing", Working("preparing"), 3, ()),
    ("working", Working("printing", 1, 3, 40), 6, ()),
    ("working-delayed", Working("delayed", 0, 1, 1), 6, ()),
    ("working-change", Working("paying_change"), 6, ()),
    (
        "take-things",
        TakeThings(
            (
                Thing("certificate", "taken", sheets=3),
                Thing("change", "waiting", amount=Yen(400)),
                Thing("receipt", "waiting", sheets=1),
            )
        ),
        6,
        ("Taken",),
    ),
    (
        "take-things-sensors",
        TakeThings(
            (
                Thing("certificate", "waiting", sheets=1, has_sensor=True),
                Thing("receipt", "coming", sheets=1, has_sensor=True),
            )
        ),
        6,
        (),
    ),
    ("done", Done(), 6, ("Next",)),
    ("done-ends-soon", Done(certificate_ends_soon=True), 6, ("Next",)),
    ("take-money", TakeThings((Thing("money", "waiting", 0, Yen(150)),)), 0, ("Taken",)),
    ("trouble-counted", Trouble("M-404", "0003", "counted"), 0, ("Next",)),
    ("trouble-held", Trouble("R-503", "K1-0427", "held", Yen(600)), 6, ()),
    ("trouble-slip", Trouble("M-403", "K1-0427", "slip", Yen(400)), 6, ()),
    ("trouble-idle", Trouble("M-405", "K1-0427", "held", Yen(300)), 0, ("GiveBack",)),
    ("trouble-returned", Trouble("R-502", "K1-0427", "returned", Yen(600)), 0, ("Next",)),
    ("offer-back", OfferBack(Yen(500)), 0, ("GiveBack",)),
    ("offer-back-cashless", OfferBack(Yen(200), _EDY), 0, ("GiveBack",)),
    ("returning-void", Returning(Yen(200), "WAON", "touch"), 5, ()),
    ("returning-void-processing", Returning(Yen(200), "クレジットカード", "processing"), 5, ()),
    ("trouble-unknown", Trouble("M-411", "0004", "unknown", Yen(200)), 0, ("Next",)),
    ("trouble-not-voided", Trouble("M-412", "0004", "slip", Yen(200)), 0, ("Next",)),
    ("trouble-voided", Trouble("R-502", "0004", "voided", Yen(200)), 0, ("Next",)),
    (
        "attract-cashless-only",
        Attract(_ATTRACT.town, _ATTRACT.place, "17:00", _ATTRACT.prices[:2], False, True, True),
        0,
        ("Begin",),
    ),
    (
        "attract-cash-only",
        Attract(_ATTRACT.town, _ATTRACT.place, "17:00", _ATTRACT.prices[:2], True, False, True),
        0,
        ("Begin",),
    ),
    (
        "take-things-statement",
        TakeThings(
            (Thing("certificate", "waiting", sheets=1), Thing("receipt", "waiting", is_statement=True))
        ),
        6,
        ("Taken",),
    ),
)
_STILL = {"kinds-still-there": ("kinds", False), "pay-still-there": ("pay", True)}
"""Name -> the sample below the question, and whether money is inside."""
STILL_S = 20.0

_AT_DESK = ("Back", "Cancel")
_WHO: dict[str, Any] = {"who": "C-0412", "role": "cash_officer"}


def _line(key: str, mark: str = "", page: str = "", **values: str) -> DeskLine:
    opens = OpenPage(step=0, page=page) if page else None
    return DeskLine(key, tuple(values.items()), mark, opens)


def _button(key: str, *, is_main: bool = False, **values: str) -> DeskButton:
    return DeskButton(key, DoAct(step=0, act=CloseDay()), tuple(values.items()), is_main)


_COUNTS = (("hopper10", "coin10"), ("hopper50", "coin50"), ("hopper100", "coin100"), ("hopper500", "coin500"))
_PAPER = (
    PaperLine("日計表", is_bold=True),
    PaperLine("締め番号", "12"),
    PaperLine("証明書 収納金", "12,400"),
    PaperLine("つり銭資金", "30,000"),
    PaperLine("過不足", "0"),
)
_STAFF: tuple[_Sample, ...] = (
    ("staff-pin", StaffPin(SLOT, 6, 8, 2, was_wrong=True), 0, ("Cancel",)),
    ("staff-note", StaffNote("back", is_card_there=True), 0, ()),
    (
        "staff-note-time",
        StaffNote("time", facts=(("begin", "2025-04-01"), ("end", "2030-03-31"), ("now", "2001-01-01 09:00"))),
        0,
        ("Cancel",),
    ),
    (
        "staff-menu",
        StaffDesk(
            page="menu",
            lines=(
                _line("desk.menu.faults", "bad", "faults", cases="1", code="R-502"),
                _line("desk.menu.cash", "", "cash", amount="42,400"),
                _line("desk.menu.waiting", "doubt", "waiting", cases="2"),
                _line("desk.menu.day", "", "day"),
                _line("desk.menu.incidents", "doubt", "incidents", cases="3"),
                _line("desk.menu.tests", "", "tests"),
                _line("desk.menu.papers", "", "papers"),
            ),
            **_WHO,
        ),
        0,
        ("Cancel",),
    ),
    (
        "staff-count",
        StaffDesk(
            page="count",
            of="E-0007",
            lines=(
                _line("desk.count.lead", number="E-0007", purpose="@desk.purpose.recount"),
                *(
                    _line(
                        "desk.count.line", "ok" if face == "coin10" else "", "pad",
                        unit=unit, face=f"@money.{face}", what="@desk.what.counted",
                        pieces="48" if face == "coin10" else "—",
                    )
                    for unit, face in _COUNTS
                ),
            ),
            buttons=(_button("desk.count.end", is_main=True),),
            beside="T-0031",
            **_WHO,
        ),
        0,
        _AT_DESK,
    ),
    (
        "staff-pad",
        StaffDesk(
            page="pad",
            lines=(_line("desk.pad", unit="hopper100", face="@money.coin100", what="@desk.what.counted"),),
            pad=DeskPad(DeviceId("hopper100"), "coin100", "counted", -1),
            **_WHO,
        ),
        0,
        _AT_DESK,
    ),
    (
        "staff-why",
        StaffDesk(
            page="why",
            lines=(_line("desk.why.lead"),),
            buttons=tuple(_button(f"desk.{each}") for each in ("why.seen", "why.counted", "why.repaired")),
            **_WHO,
        ),
        0,
        _AT_DESK,
    ),
    (
        "staff-steps",
        StaffDesk(
            page="steps",
            lines=(
                _line("desk.steps.what", code="R-502", what="@notice.R-502.title", device="certificate1"),
                _line("desk.steps.there", "bad"),
                _line("desk.steps.at", at="3", of="8"),
                _line("remedy.paper-pull"),
            ),
            buttons=(_button("desk.steps.next", is_main=True),),
            who="T-0031",
            role="technician",
            is_clock_doubtful=True,
        ),
        0,
        _AT_DESK,
    ),
    (
        "staff-paper",
        StaffDesk(
            page="paper", paper=_PAPER, buttons=(_button("desk.paper.print", is_main=True),), **_WHO
        ),
        0,
        _AT_DESK,
    ),
    (
        "staff-refused",
        StaffDesk(
            page="units",
            lines=(_line("desk.units.lead", purpose="@desk.purpose.repair"), _line("desk.units.officer", "doubt")),
            buttons=(_button("desk.units.one", unit="hopper100"), _button("desk.units.all", is_main=True)),
            said=("技術員が現金部を開けるときは、出納員がそばにいる必要があります。", "Only beside a cash officer."),
            is_refused=True,
            who="T-0031",
            role="technician",
        ),
        0,
        _AT_DESK,
    ),
)  # fmt: skip
"""Staff read Japanese or English: these are shown in no other language."""
_HELPED = {"helped-pin": "pin", "helped-kinds": "kinds", "helped-pay": "pay"}
"""A floor assistant's badge has marked the screen."""

NOTICE_CODES = (
    "C-101", "C-102", "C-103", "C-104", "C-105", "C-106", "C-107", "C-108", "C-109", "C-110", "C-111", "C-112", "C-113",
    "F-701", "P-201", "P-202", "P-203", "P-204",
    "N-301", "N-302", "N-303", "N-304", "N-305", "N-306", "N-307",
    "N-308", "N-309", "N-310", "N-311", "N-312", "M-401",
    "M-402", "M-403", "M-404", "M-405", "M-406", "M-407", "M-408", "M-411", "M-412", "M-409", "M-410", "R-501",
    "R-502", "R-503",
    "R-504", "R-505", "R-506", "X-601", "X-602", "X-603", "X-604", "X-605", "X-606",
    "M-402", "M-403", "M-404", "M-405", "M-406", "M-407", "M-408", "R-501", "R-502", "R-503",
    "R-504", "X-601", "X-602", "X-603", "X-604", "X-605", "X-606", "X-607",
)  # fmt: skip
"""Every public code of the house."""


def sample(
    name: str,
    language: str = "ja",
    text_size: str = "S",
    contrast: str = "normal",
    *,
    rev: int = 1,
    step: int = 1,
    is_low: bool = False,
) -> SessionView:
    """The view of this name; KeyError for a name that is not in `names()`."""
    if name in _STILL:
        below, has_money = _STILL[name]
        view = sample(below, language, text_size, contrast, rev=rev, step=step, is_low=is_low)
        question = StillThere(look.monotonic() + STILL_S, has_money)
        return msgspec.structs.replace(view, still_there=question, intents=(*view.intents, "KeepGoing"))
    if name in _HELPED:
        view = sample(_HELPED[name], language, text_size, contrast, rev=rev, step=step, is_low=is_low)
        return msgspec.structs.replace(
            view, is_helped=True, is_helper_here=True, intents=(*view.intents, "EndHelp")
        )
    for found, body, now, intents in (*_SAMPLES, *_STAFF, *_notices()):
        if found == name:
            return SessionView(
                rev=rev,
                step=step,
                role=Role.RESIDENT,
                language=language,
                languages=LANGUAGES,
                text_size=text_size,
                contrast=contrast,
                is_voice_on=False,
                bar=StepBar(now, 6) if now else None,
                intents=intents if name in staff_names() else _ALWAYS + intents,
                body=body,
                is_low_reach=is_low,
            )
    raise KeyError(name)


def _notices() -> tuple[_Sample, ...]:
    return tuple((f"notice-{code}", Notice(code), 0, ("Next",)) for code in NOTICE_CODES)


def names() -> tuple[str, ...]:
    return tuple(each[0] for each in (*_SAMPLES, *_notices())) + tuple(_STILL)


def staff_names() -> tuple[str, ...]:
    """Of screens that only staff see."""
    return (*(each[0] for each in _STAFF), *_HELPED)
