"""Pages of the staff desk: which papers there are, and one of them. Pure."""

from __future__ import annotations

from kiosk import intents as i
from kiosk.engine import desk_papers
from kiosk.engine.desk_parts import Page, S, say
from kiosk.engine.state import Desk, Kiosk
from kiosk.view import DeskButton, DeskLine


def papers(state: Kiosk, _: Desk) -> Page:
    none_yet = () if state.ledger.last_exchange else desk_papers.OF_AN_EXCHANGE
    return [
        DeskLine(f"desk.paper.{report}", opens=i.ShowPaper(step=S, report=report, of=""))
        for report in desk_papers.PAPERS
        if report not in none_yet
    ], []


def paper(state: Kiosk, now: Desk) -> Page:
    buttons = [
        DeskButton(f"desk.paper.{which}", i.ShowPaper(step=S, report=now.report[0], of=of), (("of", of),))
        for which, of in desk_papers.neighbours(state, *now.report)
    ]
    if now.paper is None:
        return [] if now.said[0] else [say("desk.paper.making", "doubt")], buttons
    found = [DeskButton("desk.paper.print", i.PrintPaper(step=S), is_main=True)]
    if desk_papers.has_pages(state):
        found.append(DeskButton("desk.paper.pages", i.PrintPages(step=S)))
    return [], [*found, *buttons]
