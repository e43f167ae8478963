"""Invented screens of the staff's desk, by name. Staff read Japanese or English: shown in no other language."""

from __future__ import annotations

from typing import Any

from kiosk.ids import DeviceId
from kiosk.intents import CloseDay, DoAct, OpenPage
from kiosk.view import DeskButton, DeskLine, DeskPad, PaperLine, StaffDesk, StaffNote, StaffPin
from screens.sample_bodies import SLOT
from screens.sample_screens import Sample

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
STAFF: tuple[Sample, ...] = (
    ("staff-pin", StaffPin(SLOT, 6, 8, 2, was_wrong=True), 0, ("Cancel",)),
    ("staff-note", StaffNote("back", is_card_there=True), 0, ()),
    (
        "staff-note-time",
        StaffNote("time", facts=(("begin", "2025-04-01"), ("end", "2030-03-31"), ("now", "2001-01-01 09:00"))),
        0,
        ("Cancel",),
    ),
    ("staff-code", StaffPin(SLOT, 16, 16, 0, is_code=True), 0, ("Cancel",)),
    ("staff-second", StaffNote("second"), 0, ("Cancel", "UseSealedCode")),
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
            page="paper",
            paper=_PAPER,
            buttons=(_button("desk.paper.print", is_main=True), _button("desk.paper.pages")),
            **_WHO,
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
