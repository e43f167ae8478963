"""Pages of the staff desk: what staff see of the machine, and which acts stand on a page. Pure.

Codes, counts and amounts only; nothing here was ever a resident's. A button stands on a page only where the desk's
person may press it (kiosk/rights.py); the engine asks once more when it is pressed.
"""

from __future__ import annotations

from collections.abc import Callable

from kiosk import badges, rights
from kiosk import intents as i
from kiosk.engine import (
    desk_cash_pages,
    desk_doubt_pages,
    desk_machine_pages,
    desk_paper_pages,
    desk_tests,
    remedies,
)
from kiosk.engine.desk import is_card_in, unused_seals
from kiosk.engine.desk_parts import Page, S, opens, say, yen
from kiosk.engine.service import stop_reason
from kiosk.engine.state import Desk, Kiosk, Login
from kiosk.slips import JST
from kiosk.view import AnyBody, DeskButton, PaperLine, Role, StaffDesk, StaffNote, StaffPin

# --- logging in -------------------------------------------------------------------------------------------------------


def login(state: Kiosk) -> AnyBody:
    now = state.login
    if now is None or now.stage in ("wait", "refused", "back"):
        return _note(state, now)
    return StaffPin(
        slot=now.slot,
        shortest=now.shortest,
        length=now.longest,
        attempts_left=now.attempts_left,
        keyed=now.digits if now.slot else 0,
        was_wrong=now.was_wrong,
        is_checking=now.stage == "signing",
        is_code=now.is_code,
    )


def _note(state: Kiosk, now: Login | None) -> StaffNote:
    if now is None:
        return StaffNote("card")
    if now.stage == "refused":
        facts = _times(state, now) if now.code == "time" else ()
        return StaffNote(now.code, is_card_in(state), facts=facts)
    return StaffNote(now.stage, is_card_in(state), now.ends_at_s if now.stage == "wait" else 0.0)


def _times(state: Kiosk, now: Login) -> tuple[tuple[str, str], ...]:
    """What the card says and what this machine believes: whoever reads it sees which of the two is wrong."""
    validity = badges.validity_of(now.certificate)
    if validity is None:
        return ()
    stamp = "%Y-%m-%d"
    return (
        ("begin", validity.begin.astimezone(JST).strftime(stamp)),
        ("end", validity.end.astimezone(JST).strftime(stamp)),
        ("now", state.wall.astimezone(JST).strftime("%Y-%m-%d %H:%M")),
    )


# --- the desk ---------------------------------------------------------------------------------------------------------


def desk(state: Kiosk) -> AnyBody:
    now = state.desk
    if now is None:
        return StaffNote("card")
    lines, buttons = _PAGES[now.page](state, now)
    return StaffDesk(
        page=now.page,
        of=now.of if now.page in ("count", "funds", "steps", "test", "incident", "doubt", "found") else "",
        who=now.staff.id,
        role=now.staff.role.value,
        beside=now.beside,
        is_clock_doubtful=not state.clock_is_good,
        lines=tuple(lines),
        buttons=tuple(each for each in buttons if _may(now, each.asks)),
        pad=desk_cash_pages.pad(now) if now.page == "pad" else None,
        paper=_paper_lines(now) if now.page == "paper" else (),
        said=now.said,
        is_refused=now.is_refused,
        is_done=any(each.key == "desk.steps.gone" for each in lines),
        is_sounding=desk_tests.is_at(now, "sound") and now.result == "seen",
    )


def _paper_lines(now: Desk) -> tuple[PaperLine, ...]:
    lines = now.paper.lines if now.paper is not None else ()
    return tuple(PaperLine(each.text, each.right, each.is_bold) for each in lines if not each.is_rule)


def _may(now: Desk, asks: i.AnyIntent) -> bool:
    if not rights.may(now.staff.role, type(asks)):
        return False
    if not isinstance(asks, i.AskWhy | i.DoAct):
        return True
    act = asks.act
    if isinstance(act, i.StartExchange) and now.staff.role is Role.TECHNICIAN:
        return act.purpose == "repair"
    return rights.may(now.staff.role, type(act))


def _menu(state: Kiosk, now: Desk) -> Page:
    found = remedies.faults(state)
    _, code = stop_reason(state)
    waiting = len(desk_doubt_pages.doubts(state)) + len(state.ledger.slips) + len(state.ledger.found)
    lines = [
        opens("desk.menu.faults", "faults", "", "bad" if found else "ok", cases=str(len(found)), code=code),
        opens(
            "desk.menu.cash", "cash", "", "doubt" if state.ledger.exchange else "",
            amount=yen(state.ledger.in_units),
        ),
        opens("desk.menu.waiting", "waiting", "", "doubt" if waiting else "ok", cases=str(waiting)),
        opens(
            "desk.menu.incidents", "incidents", "", "doubt" if state.ledger.incidents else "ok",
            cases=str(len(state.ledger.incidents)),
        ),
        opens("desk.menu.tests", "tests"),
        opens("desk.menu.papers", "papers"),
    ]  # fmt: skip
    if now.staff.role is Role.CASH_OFFICER:
        lines.insert(3, opens("desk.menu.day", "day"))
    if now.is_forced:
        lines.insert(0, say("desk.forced", "doubt", beside=now.beside))
    has_codes = bool(unused_seals(state)) and not now.is_forced
    return lines, [DeskButton("desk.menu.code", i.UseSealedCode(step=S))] if has_codes else []


_PAGES: dict[str, Callable[[Kiosk, Desk], Page]] = {
    "menu": _menu,
    "cash": desk_cash_pages.cash,
    "units": desk_cash_pages.units,
    "count": desk_cash_pages.count,
    "funds": desk_cash_pages.funds,
    "pad": desk_cash_pages.pad_page,
    "why": desk_cash_pages.why_page,
    "day": desk_cash_pages.day,
    "waiting": desk_doubt_pages.waiting,
    "doubt": desk_doubt_pages.doubt,
    "found": desk_doubt_pages.found,
    "papers": desk_paper_pages.papers,
    "paper": desk_paper_pages.paper,
    "incidents": desk_machine_pages.incidents,
    "incident": desk_machine_pages.incident,
    "faults": desk_machine_pages.faults,
    "steps": desk_machine_pages.steps,
    "tests": desk_machine_pages.tests,
    "test": desk_machine_pages.test,
}
