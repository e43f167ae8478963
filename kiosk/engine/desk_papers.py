"""Papers at the staff desk: which there are, made, shown, printed on the roll or as A4 pages. Pure."""

from __future__ import annotations

import hashlib
import re

from kiosk import intents
from kiosk.engine.desk_walk import desk_of, edit, go
from kiosk.engine.inner import Asked
from kiosk.engine.state import Kiosk, Turn
from kiosk.ids import OpId
from kiosk.ports import (
    DESK,
    MakePaper,
    Outcome,
    PaperMade,
    PrintDocument,
    PrintEnded,
    PrintSlip,
    SlipPrinted,
)
from kiosk.slips import JST
from kiosk.treasury.days import fiscal_year

PAPERS = ("stock", "day", "month", "year", "exchange", "payment", "discrepancy", "match", "readiness")
"""What the desk shows: the newest of each, and from it the earlier ones. Files for other systems are `kiosk-cash`'s."""
OF_AN_EXCHANGE = ("exchange", "payment", "discrepancy")
PRINTING = ("A4で印刷しています。", "It is being printed as A4 pages.")
PRINTED = (
    "A4で印刷しました。使った用紙は、用紙受払簿に書いてください。",
    "Printed as A4 pages. Write the sheets that were used into the paper's book.",
)
NOT_PRINTED = (
    "印刷できたか確かめられません。プリンターを見てください。",
    "Nobody knows whether it was printed. Look at the printer.",
)
SLIP_PRINTING = ("レシートに印刷しています。", "It is being printed on the receipt printer.")
SLIP_PRINTED = ("レシートに印刷しました。", "Printed on the receipt printer.")
NO_ROLL = (
    "レシートプリンターが使えません。記録はできています。あとで同じ紙を印刷できます。",
    "The receipt printer is not ready. It is written down; the same paper can be printed later.",
)


def show_paper(turn: Turn, event: Asked) -> None:
    if isinstance(event.intent, intents.ShowPaper):
        report, of = event.intent.report, event.intent.of
        make(turn, report, of or _newest(turn.state, report))


def _newest(state: Kiosk, report: str) -> str:
    """Which one is meant where none is named: this month, this 年度, the last exchange."""
    today = state.wall.astimezone(JST).strftime("%Y-%m-%d")
    match report:
        case "month":
            return today[:7]
        case "year":
            return str(fiscal_year(today))
        case "exchange" | "payment" | "discrepancy":
            return state.ledger.last_exchange
    return ""


def neighbours(state: Kiosk, report: str, of: str) -> list[tuple[str, str]]:
    """(`earlier` | `later`, of what) of a paper that has such: day by day, month by month, exchange by exchange."""
    if report in ("day", *OF_AN_EXCHANGE):
        last = (
            state.ledger.exchanges if report != "day" else state.ledger.day.number if state.ledger.day else 0
        )
        digits = of.removeprefix("E-")
        number = int(digits) if digits.isdigit() else last
        form = "{}" if report == "day" else "E-{:04d}"
        found = [("earlier", number - 1), ("later", number + 1)]
        return [(which, form.format(each)) for which, each in found if 1 <= each <= last]
    today = state.wall.astimezone(JST).strftime("%Y-%m-%d")
    if report == "year" and of.isdigit():
        return [
            ("earlier", str(int(of) - 1)),
            *([("later", str(int(of) + 1))] if int(of) < fiscal_year(today) else []),
        ]
    if report == "month" and re.fullmatch(r"\d{4}-\d\d", of):
        months = int(of[:4]) * 12 + int(of[5:]) - 1
        named = [
            (which, f"{each // 12:04d}-{each % 12 + 1:02d}")
            for which, each in (("earlier", months - 1), ("later", months + 1))
        ]
        return [each for each in named if each[1] <= today[:7]]
    return []


def make(turn: Turn, report: str, of: str, *, is_slip_due: bool = False) -> None:
    op = OpId(turn.token())
    go(turn, "paper", report, is_back=desk_of(turn).page == "paper")
    edit(turn, paper=None, report=(report, of), op=op, is_slip_due=is_slip_due)
    turn.do(MakePaper(DESK, op, report, of))


def paper_made(turn: Turn, event: PaperMade) -> None:
    desk = turn.state.desk
    if desk is None or desk.op != event.op:
        return
    edit(turn, paper=event.slip, said=(event.ja, event.en), is_refused=event.slip is None, op=None)
    if event.document:
        job, printer = OpId(turn.token()), turn.state.setup.certificate_printer
        digest = hashlib.sha256(event.document).hexdigest()
        edit(turn, op=job, said=PRINTING)
        turn.do(PrintDocument(job, printer, event.document, digest, event.pages))
    elif desk.is_slip_due:
        print_paper(turn, event)


def print_paper(turn: Turn, _: object) -> None:
    """On the roll; after an exchange and the day's close without being asked."""
    printer, paper = turn.state.setup.receipt_printer, desk_of(turn).paper
    edit(turn, is_slip_due=False)
    if paper is None or desk_of(turn).op is not None:
        return
    if printer not in turn.state.up:
        edit(turn, said=NO_ROLL, is_refused=True)
        return
    op = OpId(turn.token())
    edit(turn, op=op, said=SLIP_PRINTING, is_refused=False)
    turn.do(PrintSlip(op, printer, paper))


def slip_printed(turn: Turn, event: SlipPrinted) -> None:
    desk = turn.state.desk
    if desk is not None and desk.page == "paper" and desk.op == event.op:
        is_well = event.outcome is Outcome.CONFIRMED
        edit(turn, op=None, said=SLIP_PRINTED if is_well else NOT_PRINTED, is_refused=not is_well)


def print_pages(turn: Turn, _: object) -> None:
    """Made only now: of ten papers that are looked at, one is filed."""
    desk = desk_of(turn)
    if has_pages(turn.state) and desk.op is None:
        op = OpId(turn.token())
        edit(turn, op=op, said=PRINTING)
        turn.do(MakePaper(DESK, op, *desk.report, has_pages=True))


def has_pages(state: Kiosk) -> bool:
    """A paper is shown that may go to a printer of A4 now."""
    is_there = state.desk is not None and state.desk.paper is not None and bool(state.desk.report[0])
    return is_there and state.setup.certificate_printer in state.up


def pages_printed(turn: Turn, event: PrintEnded) -> None:
    desk = turn.state.desk
    if desk is not None and desk.page == "paper" and desk.op == event.op:
        is_well = event.outcome is Outcome.CONFIRMED
        edit(turn, op=None, said=PRINTED if is_well else NOT_PRINTED, is_refused=not is_well)
