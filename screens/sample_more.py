"""Invented bodies for the texts that no other sample shows: for the picture book, and the gate over everything. The
tests of every change leave them out: each is a screen that they have, with other words."""

from __future__ import annotations

from typing import Final

from kiosk.money import Yen
from kiosk.view import (
    Advice,
    Cheaper,
    ChooseOptions,
    EnterPin,
    Notice,
    OrderSummary,
    OutOfService,
    PurposeChoice,
    Question,
    TakeThings,
    Thing,
    Working,
)
from screens.sample_bodies import ATTRACT, CONFIRM, KINDS, SLOT, changed, kinds, means, pay
from screens.sample_screens import Sample

_REASONS: Final = (
    *("closed", "receipt-printer", "card-reader", "cash", "server", "clock", "stopped", "journal", "other"),
)
_REFUSALS: Final = (
    ("N-303", "N-304", "N-305", "N-306", "N-307"),
    ("N-308", "N-309", "N-310", "N-311", "N-312"),
    ("other",),
)
_AT_THE_COUNTER: Final = (("johyo", 0), ("joseki", 0), ("kaisei_genkoseki", 0))
_EVERY_OPTION: Final = (
    *(("whom", "some"), ("zokugara", "yes"), ("honseki", "yes"), ("kokuseki", "yes")),
    *(("zairyu_card", "yes"), ("kojin_bango", "yes")),
)
_NO_OPTION: Final = (("whom", "self"), ("zokugara", "no"), ("kokuseki", "no"), ("zairyu_card", "no"))
_ORDER: Final = changed(
    CONFIRM,
    lines=(
        OrderSummary("juminhyo", _EVERY_OPTION, 1, 1, Yen(200), ("例＊＊＊", "例＊＊")),
        OrderSummary("kisai_jiko", _NO_OPTION, 1, 1, Yen(200), ("例＊＊＊",)),
        OrderSummary("kazei_shomei", (("tax_year", "y2026"),), 1, 1, Yen(200), ("例＊＊＊",)),
    ),
    cheaper=(Cheaper("juminhyo", "コンビニ〈12月まで〉", Yen(0)),),
)
_MORE_ADVICE: Final = Advice(
    PurposeChoice("loan"),
    "kazei_shomei",
    Yen(200),
    "open",
    advice=("online", "newest_year", "seal", "tax_too"),
)
_TAKEN: Final = tuple(Thing(thing, "taken", 1) for thing in ("certificate", "receipt"))
_SLOTS: Final = tuple(
    Thing(thing, "waiting", 1, slot=slot) for thing, slot in (("certificate", "upper"), ("spare", "lower"))
)

MORE: Final[tuple[Sample, ...]] = (
    *((f"more-out-{reason}", OutOfService(ATTRACT.town, reason, "X-602"), 0, ()) for reason in _REASONS),
    *(
        (
            f"more-refused-{row}",
            kinds({}, {kind: code for (kind, _), code in zip(KINDS, codes, strict=False)}),
            3,
            ("SetCopies", "Back", "Cancel"),
        )
        for row, codes in enumerate(_REFUSALS)
    ),
    (
        "more-counter-only",
        kinds({}, {kind: "counter" for kind, _ in _AT_THE_COUNTER}, _AT_THE_COUNTER),
        3,
        ("SetCopies", "Back", "Cancel"),
    ),
    (
        "more-years",
        ChooseOptions("kazei_shomei", (Question("tax_year", ("y2026", "y2025"), "y2026"),)),
        3,
        ("ChooseOption", "Next", "Back", "Cancel"),
    ),
    ("more-order", _ORDER, 4, ("Next", "Back", "Cancel")),
    ("more-advice", _MORE_ADVICE, 3, ("Next", "Back", "Cancel")),
    ("more-pin-full", EnterPin(SLOT, 3, 4, keyed=4), 2, ("ForgotPin", "Back", "Cancel")),
    ("more-means-nobody", means(said="nobody"), 5, ("ChooseMeans", "Cancel")),
    ("more-note-returned", changed(pay(0), note="returned"), 5, ("Cancel",)),
    ("more-checking", Working("checking"), 3, ()),
    ("more-issuing", Working("issuing"), 6, ()),
    ("more-slots", TakeThings(_SLOTS), 6, ("Taken",)),
    ("more-all-taken", TakeThings(_TAKEN), 6, ()),
    ("more-notice", Notice("X-999"), 0, ("Next",)),
)
